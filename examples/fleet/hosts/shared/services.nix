# Services every host runs.
{ pkgs, ... }:
{
  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      PermitRootLogin = "no";
    };
  };
  networking.firewall.enable = true;

  environment.systemPackages = [
    pkgs.git
    pkgs.vim
  ];
}
