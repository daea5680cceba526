# homeManagerModules.sops
{ lib, config, pkgs, ... }:
let
  common = import ./common.nix {
    inherit lib config pkgs;
    dir = "${config.xdg.configHome}/sops-nix/secrets";
    owned = false;
  };
in
{
  inherit (common) options;
  config = lib.mkIf (common.secrets != [ ]) {
    inherit (common) assertions;
    systemd.user.services.sops-nix = {
      Unit.Description = "sops-nix activation";
      Service = {
        Type = "oneshot";
        ExecStart = "${pkgs.busybox}/bin/cat ${common.manifest "manifest.json" common.secrets}";
      };
      Install.WantedBy = [ "default.target" ];
    };
  };
}
