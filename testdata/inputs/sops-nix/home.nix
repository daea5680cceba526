# homeModules.sops, see flake.nix.
{ lib, config, pkgs, ... }:
let
  common = import ./common.nix {
    inherit lib config pkgs;
    owned = false;
  };
  manifest = common.manifest "manifest.json" common.secrets common.templates;
in
{
  inherit (common) options;
  config = lib.mkIf (common.secrets != [ ]) {
    inherit (common) assertions;
    sops.placeholder = lib.mkIf (common.templates != [ ]) common.placeholder;
    systemd.user.services.sops-nix = {
      Unit.Description = "sops-nix activation";
      Service = {
        Type = "oneshot";
        ExecStart = "${pkgs.writeShellScript "sops-nix-user" (common.install {
          inherit manifest;
          mounted = "$XDG_RUNTIME_DIR/secrets.d";
          link = config.sops.defaultSymlinkPath;
          chosen = common.secrets ++ common.templates;
        })}";
      };
      Install.WantedBy = [
        (if config.sops.gnupg.home != null then "graphical-session-pre.target" else "default.target")
      ];
    };
  };
}
