# One module for hosts and homes; they differ in where the theme is written.
{ home }:
{ lib, config, options, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.stylix;
  opt = type: default: mkOption { inherit type default; };
  font = package: name: {
    package = opt types.package package;
    name = opt types.str name;
  };
  size = opt types.ints.unsigned 12;
  theme = ''
    polarity = ${cfg.polarity}
    scheme = ${if cfg.base16Scheme == null then "from the image" else if lib.isAttrs cfg.base16Scheme && !(lib.isDerivation cfg.base16Scheme) then "inline" else toString cfg.base16Scheme}
    image = ${if cfg.image == null then "none" else "${cfg.image}"}
    monospace = ${cfg.fonts.monospace.name}
    sansSerif = ${cfg.fonts.sansSerif.name}
    serif = ${cfg.fonts.serif.name}
  '';
in
{
  _file = ./module.nix;
  key = "stylix/${if home then "home" else "nixos"}";
  options.stylix = {
    enable = opt types.bool false;
    autoEnable = opt types.bool true;
    image = opt (types.nullOr (types.coercedTo types.package toString types.path)) null;
    base16Scheme = opt (types.nullOr (types.oneOf [ types.path types.lines types.attrs ])) null;
    override = opt types.attrs { };
    polarity = opt (types.enum [ "either" "light" "dark" ]) "either";
    opacity.terminal = opt types.float 1.0;
    cursor = opt (types.nullOr types.attrs) null;
    fonts = {
      serif = font pkgs.dejavu_fonts "DejaVu Serif";
      sansSerif = font pkgs.dejavu_fonts "DejaVu Sans";
      monospace = font pkgs.dejavu_fonts "DejaVu Sans Mono";
      emoji = font pkgs.noto-fonts-color-emoji "Noto Color Emoji";
      sizes = {
        applications = size;
        desktop = size;
        popups = size;
        terminal = size;
      };
    };
    targets = opt (types.attrsOf (types.attrsOf types.anything)) { };
  }
  // lib.optionalAttrs (!home) {
    homeManagerIntegration = {
      autoImport = opt types.bool (options ? home-manager);
      followSystem = opt types.bool true;
    };
  };
  config = lib.mkIf cfg.enable (
    {
      assertions = [
        {
          assertion = cfg.image != null || cfg.base16Scheme != null;
          message = "One of `stylix.image` or `stylix.base16Scheme` must be set";
        }
      ];
    }
    // (
      if home then
        { xdg.configFile."stylix/theme".text = theme; }
      else
        {
          environment.etc."stylix/theme".text = theme;
          fonts.packages = lib.unique (map (f: f.package) [ cfg.fonts.serif cfg.fonts.sansSerif cfg.fonts.monospace cfg.fonts.emoji ]);
        }
    )
  );
}
