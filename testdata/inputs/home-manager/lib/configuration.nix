# lib.homeManagerConfiguration: one standalone home.
{
  pkgs,
  modules ? [ ],
  lib ? pkgs.lib,
  extraSpecialArgs ? { },
  check ? true,
  ...
}:
let
  extendedLib = lib // {
    hm = import ./. { inherit lib; };
  };
  # As home-manager does, which does not use lib.warn.
  esc = builtins.fromJSON "\"\\u001b\"";
  checked =
    evaluation:
    let
      inherit (evaluation) config;
      failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
      safe =
        x:
        if failed != [ ] then
          throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") failed}"
        else
          lib.foldr (w: builtins.trace "${esc}[1;31mwarning: ${w}${esc}[0m") x config.warnings;
    in
    {
      inherit (evaluation) options config;
      inherit (evaluation._module.args) pkgs;
      activationPackage = safe config.home.activationPackage;
      newsDisplay = config.news.display;
      newsEntries = [ ];
      extendModules = args: checked (evaluation.extendModules args);
    };
in
checked (
  lib.evalModules {
    class = "homeManager";
    specialArgs = {
      lib = extendedLib;
      modulesPath = toString ../modules;
      osConfig = null;
      osClass = null;
    }
    // extraSpecialArgs;
    modules =
      import ../modules
      ++ [
        {
          _file = ./configuration.nix;
          _module.check = check;
          _module.args.originalPkgs = pkgs;
        }
      ]
      ++ modules;
  }
)
