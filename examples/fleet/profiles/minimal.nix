# The minimum for a machine with a screen; other profiles build on it.
{ pkgs, ... }:
{
  environment.systemPackages = [
    pkgs.curl
    pkgs.htop
  ];
  documentation.nixos.enable = false;
}
