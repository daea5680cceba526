# The kernel starts this first: it mounts the disks and hands over to the system of init=.
/bin/busybox mkdir -p /proc /sys /dev /root /sysroot
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo '<<< NixOS Stage 1 >>>'
fail() {
  echo "An error occurred in stage 1 of the boot process: $1"
  # As on NixOS: a panic if the kernel's parameters ask for it, otherwise stop here.
  grep -q boot.panic_on_fail /proc/cmdline && exit 1
  while :; do sleep 3600; done
}
for module in /modules/*; do insmod "$module" || fail "no $module"; done

root='' store='' init='' writable=''
for word in $(cat /proc/cmdline); do
  case $word in
    init=*) init=${word#init=} ;;
    guest.writable-store) writable=1 ;;
  esac
done
# The serial= of a drive says which is which, because QEMU may get more drives.
for disk in /sys/block/vd*; do
  case $(cat "$disk/serial") in
    root) root=/dev/${disk##*/} ;;
    store) store=/dev/${disk##*/} ;;
  esac
done
mount -t ext4 "$root" /sysroot || fail 'no root file system'
if [ -n "$writable" ]; then
  mkdir -p /sysroot/nix/.ro-store /sysroot/nix/.rw-store
  mount -t squashfs -o ro "$store" /sysroot/nix/.ro-store || fail 'no store'
  mount -t tmpfs tmpfs /sysroot/nix/.rw-store
  mkdir -p /sysroot/nix/.rw-store/store /sysroot/nix/.rw-store/work
  mount -t overlay -o lowerdir=/sysroot/nix/.ro-store,upperdir=/sysroot/nix/.rw-store/store,workdir=/sysroot/nix/.rw-store/work overlay /sysroot/nix/store
else
  mount -t squashfs -o ro "$store" /sysroot/nix/store || fail 'no store'
fi
# Without it, systemd would take this for the first boot after an installation.
[ -s /sysroot/etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/sysroot/etc/machine-id
[ -e "/sysroot$init" ] || [ -L "/sysroot$init" ] || fail "stage 2 init script ($init) not found"
mount -o move /dev /sysroot/dev
mount -o move /proc /sysroot/proc
mount -o move /sys /sysroot/sys
exec switch_root /sysroot "$init"
