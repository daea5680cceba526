{
  # The host turns the agent off in its own VM.
  virtualisation.vmVariant.virtualisation.qemu.guestAgent.enable = false;
}
