# What a host is given when it runs in QEMU.
{ lib, config, ... }:
with import ../helpers.nix { inherit lib; };
{
  options.virtualisation = {
    memorySize = opt types.ints.positive 1024;
    cores = opt types.ints.positive 1;
    diskSize = opt (types.either (types.enum [ "auto" ]) types.ints.positive) 1024;
    diskImage = opt (types.nullOr types.str) "./${config.system.name}.qcow2";
    graphics = bool true;
    writableStore = bool true;
    useNixStoreImage = bool false;
    mountHostNixStore = bool true;
    additionalPaths = opt (types.listOf types.path) [ ];
    sharedDirectories = each {
      source = need types.str;
      target = need types.path;
    };
    forwardPorts = opt (types.listOf types.attrs) [ ];
    restrictNetwork = bool false;
    qemu = {
      options = strings [ ];
      networkingOptions = strings [ ];
      guestAgent.enable = bool true;
    };
    host.pkgs = maybe types.pkgs;
  };
  config = {
    # The disks of the real machine are not there.
    fileSystems = lib.mkVMOverride {
      "/" = if config.virtualisation.diskImage == null then {
        device = "tmpfs";
        fsType = "tmpfs";
      } else {
        device = "/dev/vda";
        fsType = "ext4";
      };
    };
    swapDevices = lib.mkVMOverride [ ];
    boot.initrd.luks.devices = lib.mkVMOverride { };
    boot.loader.grub.enable = lib.mkVMOverride false;
    services.qemuGuest.enable = config.virtualisation.qemu.guestAgent.enable;
    networking.useDHCP = lib.mkDefault true;
  };
}
