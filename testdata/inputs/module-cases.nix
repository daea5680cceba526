# What the module system does, case by case: every `expr` must equal its `expected`.
# ../nix_test.go runs this with every Nix. For what it says of faults, see ../words.
let
  lib = import ./nixpkgs/lib;
  inherit (lib)
    mkAfter
    mkBefore
    mkDefault
    mkForce
    mkIf
    mkMerge
    mkOption
    types
    ;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  option = type: { options.x = mkOption { inherit type; }; };
  # The value of one option of a type, from several definitions.
  value = type: defs: (eval ([ (option type) ] ++ map (x: { inherit x; }) defs)).x;
  file = _file: config: { inherit _file config; };
  submodule = types.submodule (
    { name, config, ... }:
    {
      options.name = mkOption {
        type = types.str;
        default = name;
      };
      options.twice = mkOption {
        type = types.int;
        default = 0;
        apply = n: 2 * n;
      };
    }
  );
  case = expr: expected: { inherit expr expected; };
in
{
  default = case (eval [ { options.x = mkOption { default = 3; }; } ]).x 3;
  mkDefault-loses = case (value types.int [ 1 (mkDefault 2) ]) 1;
  mkForce-wins = case (value types.int [ 1 (mkForce 2) ]) 2;
  mkDefault-beats-default = case
    (eval [
      { options.x = mkOption { type = types.int; default = 1; }; }
      { x = mkDefault 2; }
    ]).x 2;
  equal-definitions = case (value types.str [ "a" "a" ]) "a";
  mkIf-false-is-nothing = case (value (types.listOf types.int) [ (mkIf false [ 1 ]) [ 2 ] ]) [ 2 ];
  mkIf-around-several = case
    (eval [
      {
        options.a.on = mkOption { default = true; };
        options.a.b = mkOption { type = types.int; default = 0; };
        options.c = mkOption { type = types.int; default = 0; };
      }
      ({ config, ... }: mkIf config.a.on { a.b = 5; c = 6; })
    ])
    { a = { on = true; b = 5; }; c = 6; };
  mkMerge = case (value (types.attrsOf types.int) [ (mkMerge [ { a = 1; } (mkIf true { b = 2; }) ]) ]) { a = 1; b = 2; };
  # Later modules come first, imported ones before those that import them, as in nixpkgs.
  list-order = case (value (types.listOf types.int) [ [ 1 ] [ 2 ] ]) [ 2 1 ];
  mkBefore-mkAfter = case (value (types.listOf types.int) [ (mkAfter [ 3 ]) [ 2 ] (mkBefore [ 1 ]) ]) [ 1 2 3 ];
  lines = case (value types.lines [ "b" (mkBefore "a") ]) "a\nb";
  attrsOf-merges = case (value (types.attrsOf (types.listOf types.int)) [ { a = [ 1 ]; } { a = [ 2 ]; b = [ 3 ]; } ]) { a = [ 2 1 ]; b = [ 3 ]; };
  attrsOf-priority-inside = case (value (types.attrsOf types.int) [ { a = 1; } { a = mkForce 2; } ]) { a = 2; };
  attrsOf-mkIf-inside = case (value (types.attrsOf types.int) [ { a = mkIf false 1; b = 2; } ]) { b = 2; };
  nullOr = case (value (types.nullOr types.int) [ null null ]) null;
  either = case (value (types.either types.int types.str) [ "a" ]) "a";
  enum = case (value (types.enum [ "a" "b" ]) [ "b" ]) "b";
  coercedTo = case (value (types.coercedTo types.int toString types.str) [ 7 ]) "7";
  anything = case (value types.anything [ { a.b = 1; } { a.c = [ 2 ]; } ]) { a = { b = 1; c = [ 2 ]; }; };
  anything-mkIf-inside = case (value types.anything [ { a = mkIf false 1; b = 2; } ]) { b = 2; };
  functionTo = case (value (types.functionTo (types.listOf types.int)) [ (n: [ n ]) (n: [ (n + 1) ]) ] 1) [ 2 1 ];
  submodule = case (value (types.attrsOf submodule) [ { a.twice = 4; b = { }; } { b.name = "c"; } ]) {
    a = { name = "a"; twice = 8; };
    b = { name = "c"; twice = 0; };
  };
  submodule-declared-twice = case
    (eval [
      { options.x = mkOption { type = types.attrsOf submodule; }; }
      {
        options.x = mkOption {
          type = types.attrsOf (types.submodule ({ name, ... }: { config.name = mkForce "is ${name}"; }));
        };
      }
      { x.a = { }; }
    ]).x.a.name "is a";
  port-declared-twice = case (eval [ (option types.port) (option types.port) { x = 80; } ]).x 80;
  freeform = case
    (value (types.submodule {
      freeformType = types.attrsOf types.int;
      options.a = mkOption { type = types.str; default = "a"; };
    }) [ { b = 1; } { c = 2; } ]) { a = "a"; b = 1; c = 2; };
  args = case (eval [ (option types.int) ({ n, ... }: { x = n; }) { _module.args.n = 4; } ]).x 4;
  special-args-in-imports = case
    (lib.evalModules {
      specialArgs.module = { x = 9; };
      modules = [ (option types.int) ({ module, ... }: { imports = [ module ]; }) ];
    }).config.x 9;
  imports-once = case
    (let
      m = { key = "m"; x = [ 1 ]; };
    in
    eval [ (option (types.listOf types.int)) { imports = [ m m ]; } m ]).x [ 1 ];
  disabledModules = case
    (eval [ (option (types.listOf types.int)) { key = "gone"; x = [ 1 ]; } { disabledModules = [ { key = "gone"; } ]; x = [ 2 ]; } ]).x [ 2 ];
  extendModules = case
    ((lib.evalModules { modules = [ (option types.int) { x = 1; } ]; }).extendModules { modules = [ { x = mkForce 2; } ]; }).config.x 2;
  isDefined = case (lib.evalModules { modules = [ (option types.int) ]; }).options.x.isDefined false;
  files = case (lib.evalModules { modules = [ (option types.int) (file "/f.nix" { x = 1; }) ]; }).options.x.files [ "/f.nix" ];
  unused-throw-is-not-evaluated = case (eval [ (option types.int) { options.y = mkOption { }; } { x = 1; y = throw "no"; } ]).x 1;
  renamed = case
    (eval [
      { options.new = mkOption { type = types.int; }; options.warnings = mkOption { }; }
      (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
      { old = 3; }
    ]).new 3;
  rename-not-used = case
    (eval [
      { options.new = mkOption { type = types.anything; default = { }; }; }
      (lib.mkRenamedOptionModule [ "old" ] [ "new" "inside" ])
    ]).new { };
}
