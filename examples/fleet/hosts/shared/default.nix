# What every host has.
{
  imports = [
    ./nix.nix
    ./services.nix
    ./users.nix
  ];

  time.timeZone = "Europe/Berlin";
  i18n.defaultLocale = "en_US.UTF-8";
  console.keyMap = "de";

  nixpkgs.config.allowUnfree = true;

  # Secrets every host can read; a host's own are in hosts/HOST.
  sops.defaultSopsFile = ../../secrets/shared.yaml;
  sops.secrets."users/joachim".neededForUsers = true;
}
