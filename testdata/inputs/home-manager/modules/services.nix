{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  enabled = names: lib.genAttrs names (n: { enable = on n; });
in
{
  options = {
    services = enabled [
      "blueman-applet"
      "dunst"
      "easyeffects"
      "gnome-keyring"
      "kdeconnect"
      "mako"
      "network-manager-applet"
      "ssh-agent"
      "syncthing"
      "udiskie"
    ] // {
      gpg-agent = {
        enable = on "GnuPG private key agent";
        enableSshSupport = bool false;
        defaultCacheTtl = maybe types.int;
      };
    };
    dconf.enable = bool true;
    dconf.settings = opt (types.attrsOf (types.attrsOf types.anything)) { };
    gtk.enable = on "GTK 2/3/4 configuration";
    gtk.theme = maybe types.attrs;
    gtk.iconTheme = maybe types.attrs;
    qt.enable = on "Qt configuration";
    wayland.windowManager.hyprland = {
      enable = on "Hyprland wayland compositor";
      settings = free;
      extraConfig = lines;
    };
    wayland.windowManager.sway = {
      enable = on "sway wayland compositor";
      config = free;
    };
    accounts.email.accounts = free;
  };
  config.systemd.user.services.ssh-agent = lib.mkIf config.services.ssh-agent.enable {
    Unit.Description = "SSH authentication agent";
    Service.ExecStart = "${pkgs.openssh}/bin/ssh-agent -D -a %t/ssh-agent";
    Install.WantedBy = [ "default.target" ];
  };
}
