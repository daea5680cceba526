# reason: the desktop under the desk, with an NVIDIA card and the file server's shares.
{ config, pkgs, ... }:
{
  imports = [
    ./hardware.nix
    ../../modules/cifs-mounts.nix
    ../../modules/nvidia.nix
  ];

  fleet.cifs = {
    server = "nas.example.org";
    shares = [
      "backup"
      "media"
    ];
    credentials = config.sops.secrets."cifs/credentials".path;
  };

  # What only this host may read.
  sops.secrets = {
    "cifs/credentials".sopsFile = ../../secrets/reason.yaml;
    "backup/password".sopsFile = ../../secrets/reason.yaml;
  };

  # Back up homes to the file server every night, encrypted. Run `restic init` once by hand.
  systemd.services.backup = {
    description = "Back up homes to the file server";
    startAt = "daily";
    path = [ pkgs.restic ];
    environment = {
      RESTIC_REPOSITORY = "/mnt/backup/reason";
      RESTIC_PASSWORD_FILE = config.sops.secrets."backup/password".path;
    };
    script = "restic backup --exclude-file=/etc/backup/exclude /home";
    serviceConfig.Type = "oneshot";
    unitConfig.RequiresMountsFor = "/mnt/backup";
  };
  environment.etc."backup/exclude".text = ''
    .cache
    node_modules
    result
  '';

  # The release this host was first installed with; never change it on a running machine.
  system.stateVersion = "25.05";
}
