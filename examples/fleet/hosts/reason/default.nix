# reason: the desktop under the desk, with an NVIDIA card and the file server's shares.
{
  imports = [
    ./hardware.nix
    ../../profiles/desktop.nix
    ../../profiles/development.nix
    ../../profiles/gaming.nix
    ../../modules/nvidia.nix
    ../../modules/cifs-mounts.nix
  ];

  sops.secrets."cifs/credentials".sopsFile = ../../secrets/reason.yaml;

  fleet.cifs = {
    server = "nas.example.org";
    shares = [
      "media"
      "backup"
    ];
  };

  # The release this host was first installed with; never change it on a running machine.
  system.stateVersion = "25.05";
}
