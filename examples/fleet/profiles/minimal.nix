# The least a machine with a screen needs; the other profiles build on it.
{ pkgs, ... }:
{
  environment.systemPackages = [
    pkgs.curl
    pkgs.htop
  ];
  documentation.nixos.enable = false;
}
