# laptop: two people share it, so it has a second account.
{ config, pkgs, ... }:
{
  imports = [
    ./hardware.nix
  ];

  sops.secrets."users/work" = {
    sopsFile = ../../secrets/laptop.yaml;
    neededForUsers = true;
  };
  users.users.work = {
    isNormalUser = true;
    description = "Work";
    extraGroups = [ "networkmanager" ];
    shell = pkgs.zsh;
    hashedPasswordFile = config.sops.secrets."users/work".path;
  };

  networking.networkmanager.enable = true;
  services.power-profiles-daemon.enable = true;

  # The release this host was first installed with; never change it on a running machine.
  system.stateVersion = "25.11";
}
