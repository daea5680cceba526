{ lib, ... }: { boot.initrd.availableKernelModules = [ "virtio_net" "virtio_pci" "virtio_blk" ]; services.qemuGuest.enable = lib.mkDefault true; }
