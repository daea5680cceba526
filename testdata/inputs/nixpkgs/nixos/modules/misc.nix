{ lib, config, ... }:
with import ./helpers.nix { inherit lib; };
{
  options = {
    assertions = lib.mkOption {
      type = types.listOf types.unspecified;
      internal = true;
      default = [ ];
      description = "What must hold for a configuration to be built.";
    };
    warnings = lib.mkOption {
      type = types.listOf types.str;
      internal = true;
      default = [ ];
      description = "What is said when a configuration is evaluated.";
    };
    meta = opt (types.attrsOf types.anything) { };
    lib = opt (types.attrsOf types.attrs) { };

    time.timeZone = maybe (types.strMatching "[^ ]*");
    time.hardwareClockInLocalTime = bool false;
    i18n = {
      defaultLocale = str "en_US.UTF-8";
      extraLocaleSettings = opt (types.attrsOf types.str) { };
      supportedLocales = strings [ "all" ];
      extraLocales = opt (types.either (types.listOf types.str) (types.enum [ "all" ])) [ ];
      inputMethod = {
        enable = on "an input method";
        type = maybe types.str;
      };
    };
    console = {
      enable = bool true;
      keyMap = opt (types.either types.str types.path) "us";
      font = maybe (types.either types.str types.path);
      useXkbConfig = bool false;
      earlySetup = bool false;
      colors = strings [ ];
      packages = packages;
    };
    location = {
      latitude = opt types.float 0.0;
      longitude = opt types.float 0.0;
      provider = opt (types.enum [ "manual" "geoclue2" ]) "manual";
    };
    documentation = {
      enable = bool true;
      nixos.enable = bool true;
      man.enable = bool true;
      doc.enable = bool true;
    };
    zramSwap = {
      enable = on "in-memory compressed devices and swap space";
      memoryPercent = int 50;
      algorithm = str "zstd";
    };
    powerManagement = {
      enable = bool true;
      cpuFreqGovernor = maybe types.str;
      powertop.enable = on "powertop auto tuning on startup";
    };
    qt = {
      enable = on "Qt configuration, including theming";
      platformTheme = maybe types.str;
      style = maybe types.str;
    };
    gtk.iconCache.enable = bool false;
    xdg = {
      portal = {
        enable = on "xdg-desktop-portal";
        extraPortals = packages;
        wlr.enable = on "the wlroots portal";
        config = free;
      };
      mime.enable = bool true;
    };
  };

  config.environment.etc = lib.mkMerge [
    { "locale.conf".text = lib.concatLines (lib.mapAttrsToList (k: v: "${k}=${v}") ({ LANG = config.i18n.defaultLocale; } // config.i18n.extraLocaleSettings)); }
    (lib.mkIf config.console.enable { "vconsole.conf".text = "KEYMAP=${config.console.keyMap}\n"; })
    (lib.mkIf (config.time.timeZone != null) { timezone.text = "${config.time.timeZone}\n"; })
  ];
}
