# What hosts and homes share: options, the palette, and the files of a theme.
{ lib, config, pkgs }:
let
  inherit (lib) mkOption types;
  cfg = config.stylix;
  opt = type: default: mkOption { inherit type default; };
  maybe = type: opt (types.nullOr type) null;

  font = package: name: {
    package = opt types.package package;
    name = opt types.str name;
  };
  size = default: opt (types.either types.ints.unsigned types.float) default;

  digits = lib.stringToCharacters "0123456789ABCDEF";
  # Replaces the colors of an image.
  grey = lib.listToAttrs (map (d: lib.nameValuePair "base0${d}" "${d}${d}${d}${d}${d}${d}") digits);

  isFile = s: lib.isDerivation s || (!lib.isAttrs s && lib.hasPrefix "/" (toString s));
  lines = set: lib.concatLines (lib.mapAttrsToList (n: v: "${n}: ${lib.escapeShellArg v}") set);
  scheme =
    if isFile cfg.base16Scheme then
      "${cfg.base16Scheme}"
    else
      pkgs.writeText "scheme.yaml" (
        if lib.isAttrs cfg.base16Scheme then lines (lib.filterAttrs (_: lib.isString) cfg.base16Scheme) else cfg.base16Scheme
      );

  # Read at build time. During evaluation, a scheme from a package would have to be
  # built first.
  palette = pkgs.runCommand "palette.json" {
    override = lines cfg.override;
    passAsFile = [ "override" ];
  } ''
    awk '
      /^[ \t]*base0[0-9A-F]:/ {
        name = $1; sub(/:.*/, "", name)
        value = $2; gsub(/[^0-9a-fA-F]/, "", value)
        if (!(name in color)) order[++n] = name
        color[name] = value
      }
      END {
        for (i = 1; i <= n; i++) printf "%s\"%s\":\"%s\"", (i > 1 ? "," : "{"), order[i], color[order[i]]
        print (n ? "}" : "{}")
      }
    ' ${scheme} $overridePath > $out
  '';

  theme = {
    inherit (cfg) autoEnable polarity;
    # As text: Nix versions differ in how they write 1.0 as JSON.
    opacity = lib.mapAttrs (_: toString) cfg.opacity;
    image = if cfg.image == null then null else "${cfg.image}";
    cursor = if cfg.cursor == null then null else { inherit (cfg.cursor) name size; };
    fonts = lib.mapAttrs (_: f: f.name or f) cfg.fonts;
    targets = lib.mapAttrs (_: t: t.enable) cfg.targets;
  };
in
{
  options.stylix = {
    enable = opt types.bool false;
    autoEnable = opt types.bool true;
    image = mkOption {
      type = types.nullOr types.path;
      default = null;
      # At run time only the copy in the store exists.
      apply = image: if image == null || lib.isDerivation image then image else "${image}";
    };
    imageScalingMode = opt (types.enum [ "stretch" "fill" "fit" "center" "tile" ]) "fill";
    base16Scheme = opt (types.oneOf [ types.path types.lines types.attrs ]) (
      lib.throwIf (cfg.image == null) "stylix: one of `stylix.image' or `stylix.base16Scheme' must be set." grey
    );
    override = opt types.attrs { };
    polarity = opt (types.enum [ "either" "light" "dark" ]) "either";
    opacity = lib.genAttrs [ "applications" "desktop" "popups" "terminal" ] (_: opt types.float 1.0);
    cursor = maybe (
      types.submodule {
        options = {
          name = maybe types.str;
          package = maybe types.package;
          size = maybe types.int;
        };
      }
    );
    fonts = {
      serif = font pkgs.dejavu_fonts "DejaVu Serif";
      sansSerif = font pkgs.dejavu_fonts "DejaVu Sans";
      monospace = font pkgs.dejavu_fonts "DejaVu Sans Mono";
      emoji = font pkgs.noto-fonts-color-emoji "Noto Color Emoji";
      sizes = {
        applications = size 12;
        desktop = size 10;
        popups = size cfg.fonts.sizes.desktop;
        terminal = size cfg.fonts.sizes.applications;
      };
    };
    targets = opt (types.attrsOf (
      types.submodule {
        freeformType = types.attrsOf types.anything;
        options.enable = opt types.bool cfg.autoEnable;
      }
    )) { };
  };

  # Colors for other modules. As with the real one, this builds during evaluation.
  colors =
    let
      bare = builtins.fromJSON (builtins.readFile palette);
    in
    bare // { withHashtag = lib.mapAttrs (_: c: "#${c}") bare; };

  assertions = [
    {
      assertion =
        cfg.cursor == null || (cfg.cursor.name != null && cfg.cursor.package != null && cfg.cursor.size != null);
      message = "stylix: `stylix.cursor` is only partially defined. Set either none or all of the `stylix.cursor` options.";
    }
  ];

  fontPackages = lib.unique (
    map (f: f.package) [ cfg.fonts.serif cfg.fonts.sansSerif cfg.fonts.monospace cfg.fonts.emoji ]
  );

  files = {
    "stylix/theme".text = builtins.toJSON theme;
    "stylix/palette.json".source = palette;
  };
}
