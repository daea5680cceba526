# lib.nixosSystem: the modules of NixOS and of the host, and the resulting system.
{
  lib,
  importPkgs,
  modules,
  system ? null,
  specialArgs ? { },
  pkgs ? null,
  extraModules ? [ ],
  baseModules ? import ./modules,
  prefix ? [ ],
  ...
}:
let
  fromArguments = {
    _file = ./eval-config.nix;
    config = lib.mkMerge [
      { nixpkgs.importPkgs = importPkgs; }
      (lib.mkIf (system != null) { nixpkgs.system = lib.mkDefault system; })
      (lib.mkIf (pkgs != null) { nixpkgs.pkgs = pkgs; })
    ];
  };
  withPkgs =
    configuration:
    configuration
    // {
      inherit lib;
      inherit (configuration._module.args) pkgs;
      extendModules = args: withPkgs (configuration.extendModules args);
    };
in
withPkgs (
  lib.evalModules {
    inherit prefix;
    class = "nixos";
    specialArgs = {
      modulesPath = toString ./modules;
    }
    // specialArgs;
    modules = baseModules ++ extraModules ++ [ fromArguments ] ++ modules;
  }
)
