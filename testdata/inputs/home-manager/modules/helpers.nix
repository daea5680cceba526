# Short forms for the many options that consist of a type and a default.
{ lib }:
rec {
  inherit (lib) types;
  opt = type: default: lib.mkOption { inherit type default; };
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
  aliases = opt (types.attrsOf types.str) { };
}
