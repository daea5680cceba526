{ lib, ... }:
{
  services.qemuGuest.enable = lib.mkForce false;
  virtualisation.vmVariant.virtualisation.qemu.guestAgent.enable = lib.mkForce false;
}
