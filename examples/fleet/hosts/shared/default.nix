# What every host has.
{ inputs, ... }:
{
  imports = [
    inputs.sops-nix.nixosModules.sops
    inputs.stylix.nixosModules.stylix
    ./nix.nix
    ./services.nix
    ./users.nix
  ];

  time.timeZone = "Europe/Berlin";
  i18n.defaultLocale = "en_US.UTF-8";
  console.keyMap = "de";

  # Steam and NVIDIA's driver are not free software.
  nixpkgs.config.allowUnfree = true;

  # Secrets that every host can read; a host's own are in hosts/HOST. The key is the host's ssh
  # key, which services.openssh makes; .sops.yaml says who else can read what.
  sops.defaultSopsFile = ../../secrets/shared.yaml;
}
