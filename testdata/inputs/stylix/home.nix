# homeModules.stylix, see flake.nix.
{ lib, config, pkgs, ... }:
let
  common = import ./common.nix { inherit lib config pkgs; };
in
{
  inherit (common) options;
  config = lib.mkMerge [
    { lib.stylix.colors = common.colors; }
    (lib.mkIf config.stylix.enable {
      inherit (common) assertions;
      xdg.configFile = common.files;
      home.packages = common.fontPackages;
    })
  ];
}
