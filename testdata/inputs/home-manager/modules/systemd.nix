{ lib, config, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.systemd.user;
  units = opt (types.attrsOf (types.attrsOf (types.attrsOf types.anything))) { };
  ini = lib.generators.toINI { listsAsDuplicateKeys = true; };
  files =
    kind: set:
    lib.concatMapAttrs (
      name: unit:
      {
        "systemd/user/${name}.${kind}".text = ini unit;
      }
      // lib.listToAttrs (
        map (
          t:
          lib.nameValuePair "systemd/user/${t}.wants/${name}.${kind}" { text = ini unit; }
        ) (lib.toList (unit.Install.WantedBy or [ ]))
      )
    ) set;
in
{
  options.systemd.user = {
    enable = bool true;
    services = units;
    timers = units;
    sockets = units;
    targets = units;
    startServices = opt (types.either types.bool (types.enum [ "suggest" "sd-switch" "legacy" ])) true;
    sessionVariables = opt (types.attrsOf (types.either types.int types.str)) { };
    tmpfiles.rules = strings [ ];
  };
  config.xdg.configFile =
    files "service" cfg.services // files "timer" cfg.timers // files "socket" cfg.sockets // files "target" cfg.targets
    // lib.optionalAttrs (cfg.sessionVariables != { }) {
      "environment.d/10-home-manager.conf".text = lib.generators.toKeyValue { } cfg.sessionVariables;
    };
}
