{ lib, config, ... }:
with import ./helpers.nix { inherit lib; };
let
  x = config.services.xserver;
  dm = config.services.displayManager;
  manager = lib.findFirst (n: dm.${n}.enable) null [ "gdm" "sddm" ];
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "services" "xserver" "displayManager" "gdm" "enable" ] [ "services" "displayManager" "gdm" "enable" ])
    (lib.mkRenamedOptionModule [ "services" "xserver" "desktopManager" "gnome" "enable" ] [ "services" "desktopManager" "gnome" "enable" ])
    (lib.mkRenamedOptionModule [ "services" "xserver" "layout" ] [ "services" "xserver" "xkb" "layout" ])
  ];
  options.services = {
    xserver = {
      enable = bool false;
      videoDrivers = strings [ "modesetting" "fbdev" ];
      xkb = {
        layout = str "us";
        variant = str "";
        options = str "terminate:ctrl_alt_bksp";
        model = str "pc104";
      };
      dpi = maybe types.int;
      autorun = bool true;
      excludePackages = packages;
      displayManager = {
        lightdm.enable = bool false;
        sessionCommands = lines;
        startx.enable = bool false;
      };
      desktopManager.xfce.enable = on "the Xfce desktop environment";
      desktopManager.xterm.enable = bool false;
      windowManager.i3.enable = on "i3";
    };
    displayManager = {
      enable = bool false;
      defaultSession = maybe types.str;
      gdm.enable = on "GDM, the GNOME display manager";
      gdm.wayland = bool true;
      sddm.enable = on "SDDM";
      sddm.wayland.enable = bool false;
      sddm.theme = str "";
      autoLogin.enable = bool false;
      autoLogin.user = maybe types.str;
      ly.enable = on "ly";
    };
    desktopManager = {
      gnome.enable = on "GNOME";
      plasma6.enable = on "Plasma 6";
      cosmic.enable = on "COSMIC";
    };
    libinput.enable = bool false;
    libinput.touchpad = free;
    greetd.enable = on "greetd";
    greetd.settings = free;
    gnome.gnome-keyring.enable = on "GNOME Keyring";
    gnome.core-apps.enable = bool true;
  };
  config = {
    assertions = [
      {
        assertion = !(dm.gdm.enable && dm.sddm.enable);
        message = "You have both GDM and SDDM enabled, only one display manager can be used.";
      }
    ];
    services.displayManager.enable = lib.mkIf (manager != null) true;
    security.polkit.enable = lib.mkIf (x.enable || config.services.desktopManager.gnome.enable || config.services.desktopManager.plasma6.enable) true;
    hardware.graphics.enable = lib.mkIf (manager != null) (lib.mkDefault true);
    environment.etc."X11/xorg.conf.d/00-keyboard.conf" = lib.mkIf x.enable {
      text = "Option \"XkbLayout\" \"${x.xkb.layout}\"\nDriver ${toString x.videoDrivers}\n";
    };
    systemd.services.display-manager = lib.mkIf (manager != null) {
      description = "Display Manager";
      wantedBy = [ "graphical.target" ];
      script = "exec ${manager}";
    };
  };
}
