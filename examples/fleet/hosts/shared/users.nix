# The account that administers every host. Homes are in users/, not here.
{ config, pkgs, ... }:
{
  programs.zsh.enable = true;

  # Passwords are set while users are created, so this one must exist before.
  sops.secrets."users/joachim".neededForUsers = true;

  users.users.joachim = {
    isNormalUser = true;
    description = "Joachim";
    extraGroups = [ "wheel" ];
    shell = pkgs.zsh;
    hashedPasswordFile = config.sops.secrets."users/joachim".path;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDbEdLrR4Lnd3WgKdUwAPXYkVbHYzLdDzwcJrzPWxSAl joachim@example.org"
    ];
  };
}
