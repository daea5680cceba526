{
  # What a guest of its own does not need.
  virtualisation.vmVariant.virtualisation.qemu.guestAgent.enable = false;
}
