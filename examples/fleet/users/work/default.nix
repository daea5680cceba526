# work: the account for the office.
{ pkgs, ... }:
{
  imports = [ ../shared ];

  home.packages = [
    pkgs.libreoffice
    pkgs.thunderbird
  ];
  programs.firefox.enable = true;
  programs.git.settings.user = {
    name = "Joachim (work)";
    email = "joachim@work.example.org";
  };
}
