{ lib, config, pkgs, ... }:
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

  # Start wanted units at once if the user's systemd is running.
  config.home.activation = lib.mkIf (cfg.enable && pkgs.stdenv.isLinux) {
    reloadSystemd = lib.hm.dag.entryAfter [ "linkGeneration" ] ''
      export XDG_RUNTIME_DIR="''${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
      case "$(${pkgs.systemd}/bin/systemctl --user is-system-running 2>&1 || true)" in
        running | degraded)
          run ${pkgs.systemd}/bin/systemctl --user daemon-reload
          ${lib.optionalString (cfg.startServices != false && cfg.startServices != "suggest") "run ${pkgs.systemd}/bin/systemctl --user start default.target"} ;;
        *) echo "User systemd daemon not running. Skipping reload." ;;
      esac
    '';
  };
}
