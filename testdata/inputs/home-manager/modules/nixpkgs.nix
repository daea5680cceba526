# Where a home's `pkgs` comes from: the given set, or that set with the home's own settings.
{ lib, config, originalPkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.nixpkgs;
in
{
  options.nixpkgs = {
    config = opt (types.nullOr (types.attrsOf types.raw)) null;
    overlays = opt (types.nullOr (types.listOf types.raw)) null;
    system = str "x86_64-linux";
  };
  config._module.args.pkgs =
    if cfg.config == null && cfg.overlays == null then
      originalPkgs
    else
      originalPkgs.importAgain {
        config = originalPkgs.config // (if cfg.config == null then { } else cfg.config);
        overlays = originalPkgs.overlays ++ (if cfg.overlays == null then [ ] else cfg.overlays);
      };
}
