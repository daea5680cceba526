# nixosModules.stylix, see flake.nix.
{ lib, config, options, pkgs, ... }:
let
  cfg = config.stylix;
  common = import ./common.nix { inherit lib config pkgs; };

  # What a home takes from its host, unless it sets its own.
  follow =
    path:
    { osConfig, ... }:
    lib.setAttrByPath path (lib.mkDefault (lib.getAttrFromPath path osConfig));
  followed = map (name: [ "stylix" ] ++ name) [
    [ "enable" ]
    [ "autoEnable" ]
    [ "image" ]
    [ "base16Scheme" ]
    [ "override" ]
    [ "polarity" ]
    [ "cursor" ]
    [ "fonts" "serif" ]
    [ "fonts" "sansSerif" ]
    [ "fonts" "monospace" ]
    [ "fonts" "emoji" ]
  ];
in
{
  options = common.options // {
    stylix = common.options.stylix // {
      homeManagerIntegration = {
        autoImport = lib.mkOption {
          type = lib.types.bool;
          default = true;
        };
        followSystem = lib.mkOption {
          type = lib.types.bool;
          default = true;
        };
      };
    };
  };
  config = lib.mkMerge [
    { lib.stylix.colors = common.colors; }
    (lib.mkIf cfg.enable {
      inherit (common) assertions;
      environment.etc = common.files;
      fonts.packages = common.fontPackages;
    })
    (lib.mkIf cfg.enable (
      # Only hosts with home-manager's module have homes.
      lib.optionalAttrs (options ? home-manager) {
        home-manager.sharedModules = lib.mkIf cfg.homeManagerIntegration.autoImport (
          [ ./home.nix ] ++ lib.optionals cfg.homeManagerIntegration.followSystem (map follow followed)
        );
      }
    ))
  ];
}
