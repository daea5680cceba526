# Where `pkgs` comes from.
{ lib, config, options, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.nixpkgs;
  platform = types.either types.str types.attrs;
  system =
    if options.nixpkgs.hostPlatform.isDefined then
      cfg.hostPlatform.system
    else if cfg.system != null then
      cfg.system
    else
      throw ''
        Neither nixpkgs.hostPlatform nor the legacy option nixpkgs.system has been set.
        You can set nixpkgs.hostPlatform in hardware-configuration.nix by re-running
        a recent version of nixos-generate-config.
        The option nixpkgs.system is still fully supported for interoperability,
        but will be deprecated in the future.'';
  finalPkgs =
    if options.nixpkgs.pkgs.isDefined then
      cfg.pkgs.appendOverlays cfg.overlays
    else
      cfg.importPkgs { inherit system; inherit (cfg) config overlays; };
in
{
  options.nixpkgs = {
    pkgs = need types.pkgs;
    config = lib.mkOption {
      default = { };
      type = lib.mkOptionType {
        name = "nixpkgs-config";
        description = "nixpkgs config";
        check = x: lib.isAttrs x || lib.isFunction x;
        merge = _: lib.foldl' (acc: def: lib.recursiveUpdate acc def.value) { };
      };
    };
    overlays = opt (types.listOf (lib.mkOptionType {
      name = "nixpkgs-overlay";
      description = "nixpkgs overlay";
      check = lib.isFunction;
      merge = lib.mergeOneOption;
    })) [ ];
    hostPlatform = lib.mkOption {
      type = platform;
      apply = lib.systems.elaborate;
    };
    buildPlatform = lib.mkOption {
      type = platform;
      default = cfg.hostPlatform;
      apply = lib.systems.elaborate;
    };
    system = maybe types.str;
    flake.source = maybe (types.either types.str types.path);
    importPkgs = lib.mkOption {
      type = types.raw;
      internal = true;
      description = "How the stand-in makes a package set: its busybox is an input of its flake.";
    };
  };
  config._module.args.pkgs = finalPkgs;
}
