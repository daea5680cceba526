{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.virtualisation;
in
{
  options.virtualisation = {
    docker = {
      enable = bool false;
      enableOnBoot = bool true;
      autoPrune.enable = bool false;
      rootless.enable = bool false;
      rootless.setSocketVariable = bool false;
      daemon.settings = free;
    };
    podman = {
      enable = bool false;
      dockerCompat = bool false;
      defaultNetwork.settings = free;
    };
    libvirtd.enable = bool false;
    virtualbox.host.enable = bool false;
    oci-containers.backend = str "podman";
    oci-containers.containers = free;
    containers.enable = bool false;
  };
  config = lib.mkMerge [
    (lib.mkIf cfg.docker.enable {
      users.groups.docker.gid = 131;
      environment.systemPackages = [ pkgs.docker ];
      systemd.services.docker = {
        description = "Docker Application Container Engine";
        wantedBy = lib.optional cfg.docker.enableOnBoot "multi-user.target";
        serviceConfig.ExecStart = "${pkgs.docker}/bin/dockerd";
      };
    })
    (lib.mkIf cfg.podman.enable { environment.systemPackages = [ pkgs.podman ]; })
  ];
}
