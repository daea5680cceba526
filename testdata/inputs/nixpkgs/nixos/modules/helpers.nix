# Short forms for the many options that consist of a type and a default.
{ lib }:
rec {
  inherit (lib) types;
  opt =
    type: default:
    lib.mkOption { inherit type default; };
  need = type: lib.mkOption { inherit type; };
  on = name: lib.mkEnableOption name;
  bool = opt types.bool;
  str = opt types.str;
  int = opt types.int;
  lines = opt types.lines "";
  strings = opt (types.listOf types.str);
  packages = opt (types.listOf types.package) [ ];
  maybe = type: opt (types.nullOr type) null;
  free = opt (types.attrsOf types.anything) { };
  # A `settings` option: declared names, and anything else.
  settings =
    options:
    opt (types.submodule {
      inherit options;
      freeformType = types.attrsOf types.anything;
    }) { };
  each = options: opt (types.attrsOf (types.submodule { inherit options; })) { };
}
