# work: the account for the office.
{ pkgs, ... }:
{
  imports = [ ../shared ];

  home.packages = [
    pkgs.slack
    pkgs.libreoffice
  ];
  programs.firefox.enable = true;
  programs.git.settings.user = {
    name = "Joachim (work)";
    email = "joachim@work.example.org";
  };
}
