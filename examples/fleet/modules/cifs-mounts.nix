# fleet.cifs: shares of a file server under /mnt, mounted when they are first used.
{ config, lib, ... }:
let
  cfg = config.fleet.cifs;
in
{
  options.fleet.cifs = {
    server = lib.mkOption {
      type = lib.types.str;
      example = "nas.example.org";
      description = "The file server's name.";
    };
    shares = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Shares of the server to mount.";
    };
    credentials = lib.mkOption {
      type = lib.types.str;
      example = "/run/secrets/cifs";
      description = "File with the lines username=… and password=….";
    };
  };

  config.fileSystems = lib.listToAttrs (
    map (
      share:
      lib.nameValuePair "/mnt/${share}" {
        device = "//${cfg.server}/${share}";
        fsType = "cifs";
        options = [
          "credentials=${cfg.credentials}"
          # A server that is off must not stop the boot.
          "noauto"
          "x-systemd.automount"
          "x-systemd.idle-timeout=60"
          "x-systemd.mount-timeout=5s"
        ];
      }
    ) cfg.shares
  );
}
