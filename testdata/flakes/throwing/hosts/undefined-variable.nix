# A module that forgot to take pkgs.
{ config, ... }:
{
  environment.systemPackages = [ pkgs.hello ];
}
