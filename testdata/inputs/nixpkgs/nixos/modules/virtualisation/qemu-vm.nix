# What a host gets when it runs in QEMU, and the script that starts it there.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.virtualisation;
  toplevel = config.system.build.toplevel;
  size = if cfg.diskSize == "auto" then 1024 else cfg.diskSize;
  restrict = lib.optionalString cfg.restrictNetwork ",restrict=on";
  forwards = lib.concatMapStrings (
    f:
    if f.from == "host" then
      ",hostfwd=${f.proto}:${f.host.address}:${toString f.host.port}-${f.guest.address}:${toString f.guest.port}"
    else
      ",guestfwd=${f.proto}:${f.guest.address}:${toString f.guest.port}-cmd:nc ${f.host.address} ${toString f.host.port}"
  ) cfg.forwardPorts;
  # The root disk. Without an image, changes go to a temporary file that QEMU
  # removes when it ends.
  root =
    if cfg.diskImage == null then
      "-drive file=${pkgs.guest.disk},if=none,id=root,snapshot=on"
    else
      ''-drive file="$NIX_DISK_IMAGE",if=none,id=root,cache=writeback,werror=report'';

  run = pkgs.writeScript "run-nixos-vm" ''
    #!${pkgs.runtimeShell}
    set -e
    export PATH="$PATH:${pkgs.busybox}/bin"
    ${lib.optionalString (cfg.diskImage != null) ''
      NIX_DISK_IMAGE=$(readlink -f "''${NIX_DISK_IMAGE:-${cfg.diskImage}}")
      if ! test -e "$NIX_DISK_IMAGE"; then
        echo "Disk image do not exist, creating the virtualisation disk image..."
        ${cfg.qemu.package}/bin/qemu-img create -q -f qcow2 -F qcow2 -b ${pkgs.guest.disk} "$NIX_DISK_IMAGE" ${toString size}M
        echo "Virtualisation disk image created."
      fi
    ''}
    if [ -z "$TMPDIR" ] || [ -z "$USE_TMPDIR" ]; then
      TMPDIR=$(mktemp -d -t nix-vm.XXXXXX)
    fi
    # Debian's kernel for such machines has no 9p, so the folder becomes a disk that can be
    # read there, in its current state.
    shared=
    if [ -n "$SHARED_DIR" ]; then
      SHARED_DIR=$(readlink -f "$SHARED_DIR")
      shared="-drive if=none,id=shared,format=raw,read-only=on,file=fat:$SHARED_DIR -device virtio-blk-pci,drive=shared,serial=shared"
    fi
    cd "$TMPDIR"

    # $QEMU_OPTS and $QEMU_NET_OPTS are lists of words, as on NixOS. NixOS gives
    # `-cpu max`; with `qemu64` a boot without KVM takes 12.3 s of processor time, not 13.6.
    exec ${cfg.qemu.package}/bin/qemu-system-x86_64 -machine accel=kvm:tcg -cpu qemu64 \
      -name ${config.system.name} \
      -m ${toString cfg.memorySize} \
      -smp ${toString cfg.cores} \
      -device virtio-rng-pci \
      -net nic,netdev=user.0,model=virtio -netdev user,id=user.0${restrict}${forwards}"''${QEMU_NET_OPTS:+,$QEMU_NET_OPTS}" \
      ${toString cfg.qemu.networkingOptions} \
      ${root} -device virtio-blk-pci,drive=root,serial=root \
      -drive file=${pkgs.guest.storeDisk (lib.unique ([ "${toplevel}" ] ++ map (p: "${p}") cfg.additionalPaths))},if=none,id=store,format=raw,read-only=on \
      -device virtio-blk-pci,drive=store,serial=store $shared \
      -kernel ${pkgs.guest.kernel} \
      -initrd ${pkgs.guest.initrd} \
      -append "$(cat ${toplevel}/kernel-params) init=${toplevel}/init ${lib.optionalString cfg.writableStore "guest.writable-store "}${toString (map (c: "console=${c}") cfg.qemu.consoles)} $QEMU_KERNEL_PARAMS" \
      ${lib.concatStringsSep " \\\n  " cfg.qemu.options} \
      $QEMU_OPTS \
      "$@"
  '';
in
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
    # Replaces the file systems of the machine itself, which do not exist here.
    fileSystems = free;
    sharedDirectories = each {
      source = need types.str;
      target = need types.path;
    };
    forwardPorts = opt (types.listOf (types.submodule {
      options = {
        from = opt (types.enum [ "host" "guest" ]) "host";
        proto = opt (types.enum [ "tcp" "udp" ]) "tcp";
        host.address = str "";
        host.port = need types.port;
        guest.address = str "";
        guest.port = need types.port;
      };
    })) [ ];
    restrictNetwork = bool false;
    qemu = {
      package = opt types.package pkgs.qemu;
      options = strings [ ];
      networkingOptions = strings [ ];
      # The boot prints to the last one.
      consoles = strings (if cfg.graphics then [ "ttyS0,115200n8" "tty0" ] else [ "tty0" "ttyS0,115200n8" ]);
      guestAgent.enable = bool true;
    };
    host.pkgs = maybe types.pkgs;
  };
  config = {
    fileSystems = lib.mkVMOverride (
      {
        "/" = {
          device = if cfg.diskImage == null then "tmpfs" else "/dev/vda";
          fsType = if cfg.diskImage == null then "tmpfs" else "ext4";
        };
      }
      // cfg.fileSystems
    );
    swapDevices = lib.mkVMOverride [ ];
    boot.initrd.luks.devices = lib.mkVMOverride { };
    boot.loader.grub.enable = lib.mkVMOverride false;
    services.qemuGuest.enable = cfg.qemu.guestAgent.enable;
    networking.useDHCP = lib.mkDefault true;
    # Runs first, because a host's own commands may not return.
    boot.postBootCommands = lib.mkBefore ''
      # The disk has the requested size, but its file system does not yet.
      /usr/lib/systemd/systemd-growfs /
      for disk in /sys/block/vd*; do
        if [ "$(cat "$disk/serial")" = shared ]; then
          /usr/sbin/modprobe -a vfat nls_cp437 nls_ascii
          mkdir -p /tmp/shared
          mount -t vfat -o ro "/dev/''${disk##*/}1" /tmp/shared
        fi
      done
    '';
    virtualisation.qemu.options = lib.optional (!cfg.graphics) "-nographic";
    environment.systemPackages = [ pkgs.guest.programs ];
    # As in NixOS. A busybox shell would use its own programs, whatever the PATH says.
    environment.binsh = lib.mkVMOverride "/usr/bin/bash";

    system.build.vm = pkgs.runCommand "nixos-vm" { inherit run toplevel; meta.mainProgram = "run-${config.system.name}-vm"; } ''
      mkdir -p $out/bin
      ln -s $toplevel $out/system
      ln -s $run $out/bin/run-${config.system.name}-vm
    '';
  };
}
