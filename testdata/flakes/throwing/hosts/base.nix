# What every host needs.
{
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.loader.systemd-boot.enable = true;
  fileSystems."/".device = "/dev/sda1";
  system.stateVersion = "25.05";
}
