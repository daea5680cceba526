# Faults of modules, each of which fails in words of its own. `lib` is that of nixpkgs, of any
# release, or that of the stand-in. ../words_test.go compares what the stand-in says with what
# the real one said.
{ lib }:
let
  inherit (lib)
    evalModules
    mkForce
    mkIf
    mkMerge
    mkOption
    types
    ;
  eval = modules: (evalModules { inherit modules; }).config;
  at = _file: module: { inherit _file; } // module;
  a = at "/etc/nixos/a.nix";
  b = at "/etc/nixos/b.nix";
  c = at "/etc/nixos/c.nix";
  x = type: { options.x = mkOption { inherit type; }; };
  # The value of an option of a type with definitions in a.nix, b.nix and so on. Of two
  # definitions the one of b.nix comes first.
  value = type: defs: (eval ([ (x type) ] ++ lib.zipListsWith (f: x: f { inherit x; }) [ a b c ] defs)).x;
  member = types.submodule {
    options.port = mkOption { type = types.int; };
    options.host = mkOption { type = types.str; };
  };
  services = {
    options.services = lib.genAttrs [ "openssh" "opensnitch" "nginx" "postgresql" ] (_: {
      enable = mkOption {
        type = types.bool;
        default = false;
      };
    });
  };
  many = {
    options.x = lib.genAttrs (map (n: "option-number-${toString n}") (lib.range 1 120)) (_: mkOption { });
  };
  warnings = {
    options.warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    options.assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
  };
  said = config: lib.concatStringsSep "\n" (config.warnings ++ map (a: a.message) (lib.filter (a: !a.assertion) config.assertions));
  package = name: { type = "derivation"; inherit name; outPath = "/nix/store/${name}"; };
  # A set that is nested so deep.
  deep = n: if n == 0 then 1 else { a = deep (n - 1); };
in
{
  "18.09" = {
    # Options that do not exist.
    missing-suggests-three = (eval [ services (a { services.opensssh.enable = true; }) ]).services;
    missing-suggests-one = (eval [ (x types.int) (a { y = 1; }) ]).x;
    missing-suggests-two = (eval [ { options = { ab = mkOption { }; ac = mkOption { }; }; } (a { aa = 1; }) ]).ab;
    missing-among-many = (eval [ many (a { x.option-numbr-42 = 1; }) ]).x;
    missing-among-many-far = (eval [ many (a { x.nothing-like-it = 1; }) ]).x;
    missing-set = (eval [ (x types.int) (a { programs.foo = { enable = true; settings.a.b = [ 1 2 ]; }; }) ]).x;
    missing-long-value = (eval [ (x types.int) (a { y = { a = 1; b = 2; c = 3; d = 4; e = 5; f = 6; }; }) ]).x;
    missing-in-mkIf = (eval [ (x types.int) (a { y = mkIf true 1; }) ]).x;
    missing-throws = (eval [ (x types.int) (a { y = throw "no value"; }) ]).x;
    missing-quoted = (eval [ (x types.int) (a { "my.host" = 1; }) ]).x;
    missing-first-of-two = (eval [ (x types.int) (a { z = 1; }) (b { w = 2; }) ]).x;
    missing-in-submodule = (value (types.attrsOf member) [ { web = { port = 1; prot = 2; }; } ]).web.port;
    missing-in-empty-submodule = (value (types.submodule { config.foo = 1; }) [ { bar = 1; } ]);
    missing-everywhere = (eval [ (a { x = 1; }) ]).x;

    # How values are shown.
    shown-strings = value types.int [ "two\nlines\n" ];
    shown-string-quotes = value types.int [ "a \"b\" \${c} \\" ];
    shown-lines-without-end = value types.int [ "two\n  lines ''\n\${x}" ];
    shown-list = value types.int [ [ 1 "a" null true 1.5 ./. [ ] { } ] ];
    shown-function = value types.int [ (x: x) ];
    shown-function-arguments = value types.int [ ({ pkgs, lib ? null, ... }: { }) ];
    shown-functor = value types.int [ { __functor = self: x: x; } ];
    shown-derivation = value types.int [ (package "hello-2.12") ];
    shown-deep = value types.int [ (deep 4) ];
    shown-too-deep = value types.int [ (lib.foldl' (acc: _: [ acc ]) 1 (lib.range 1 12)) ];
    shown-deepest = value types.int [ { z = lib.foldl' (acc: _: [ acc ]) 1 (lib.range 1 9); } ];
    shown-names = value types.int [ { "a b" = 1; "c.d" = 2; e' = 3; "1f" = 4; } ];

    # Values of a wrong type.
    wrong-str = value types.str [ 1 ];
    wrong-two = value types.str [ 1 2 ];
    wrong-enum = value (types.enum [ "18.09" "19.03" ]) [ "20.03" ];
    wrong-enum-one = value (types.enum [ "only" ]) [ "other" ];
    wrong-list = value (types.listOf types.str) [ "a" ];
    wrong-member = value (types.listOf types.str) [ [ "a" 1 ] ];
    wrong-list-nullOr = value (types.listOf (types.nullOr types.int)) [ 1 ];
    wrong-list-list = value (types.listOf (types.listOf types.int)) [ 1 ];
    wrong-nonempty = value (types.nonEmptyListOf types.str) [ [ ] ];
    wrong-attrs = value (types.attrsOf types.int) [ [ ] ];
    wrong-attrs-member = (value (types.attrsOf types.int) [ { a = "1"; } ]).a;
    wrong-attrs-of-lists = (value (types.attrsOf (types.listOf types.ints.u16)) [ { a = [ 70000 ]; } ]).a;
    wrong-nullOr = value (types.nullOr types.str) [ 1 ];
    wrong-nullOr-list = value (types.nullOr (types.listOf types.str)) [ 1 ];
    wrong-nullOr-enum = value (types.nullOr (types.enum [ "a" "b" ])) [ 1 ];
    wrong-port = value types.ints.u16 [ 70000 ];
    wrong-positive = value types.ints.positive [ 0 ];
    wrong-positive-or = value (types.nullOr types.ints.positive) [ 0 ];
    wrong-positive-either = value (types.either types.ints.positive types.str) [ 0 ];
    wrong-between = value (types.ints.between 1 5) [ 6 ];
    wrong-path = value types.path [ "relative" ];
    wrong-package = value types.package [ "hello" ];
    wrong-lines = value types.lines [ 1 ];
    wrong-either = value (types.either types.int types.str) [ [ ] ];
    wrong-either-lists = value (types.either types.str (types.listOf types.str)) [ 1 ];
    wrong-either-mixed = value (types.either types.int types.str) [ 1 "a" ];
    wrong-coerced = value (types.coercedTo types.int toString types.str) [ [ ] ];
    wrong-coerced-list = value (types.coercedTo types.str lib.singleton (types.listOf types.str)) [ 1 ];
    wrong-submodule = value member [ 1 ];
    wrong-in-submodule = (value (types.attrsOf member) [ { web.port = "80"; } ]).web.port;
    wrong-strMatching = value (types.strMatching "[a-z]+") [ "A1" ];
    wrong-bool = value types.bool [ "yes" ];
    wrong-float = value types.float [ 1 ];
    wrong-uniq = value (types.uniq types.str) [ 1 ];
    wrong-freeform = value (types.attrsOf (types.submodule { freeformType = types.attrsOf types.int; })) [ [ ] ];
    wrong-list-submodules = value (types.listOf (types.submodule { freeformType = types.attrsOf types.int; })) [ { } ];

    # Several values.
    conflict-str = value types.str [ "a" "b" ];
    conflict-three = value types.int [ 1 1 2 ];
    conflict-bool = value types.bool [ true false ];
    conflict-enum = value (types.enum [ "a" "b" ]) [ "a" "b" ];
    conflict-path = value types.path [ "/a" "/b" ];
    conflict-forced = value types.str [ (mkForce "a") (mkForce "b") ];
    conflict-merged = (eval [ (x types.str) (a { x = mkMerge [ "a" "b" ]; }) ]).x;
    conflict-member = (value (types.attrsOf types.str) [ { "a.b" = "1"; } { "a.b" = "2"; } ])."a.b";
    conflict-in-submodule = (value (types.attrsOf member) [ { web.port = 80; } { web.port = 81; } ]).web.port;
    conflict-package = value types.package [ (package "a") (package "b") ];
    conflict-uniq = value (types.uniq (types.listOf types.str)) [ [ "a" ] [ "b" ] ];
    conflict-null = value (types.nullOr types.int) [ null 1 ];
    conflict-unspecified = value types.unspecified [ 1 "a" ];

    # Options without a value, and those that cannot be set.
    no-value = value types.str [ ];
    no-value-mkIf = value types.str [ (mkIf false "a") ];
    no-value-in-submodule = (value (types.attrsOf member) [ { web = { }; } ]).web.port;
    read-only = (eval [ (a { options.x = mkOption { type = types.int; readOnly = true; default = 1; }; }) (b { x = 2; }) ]).x;
    read-only-twice = (eval [ { options.x = mkOption { type = types.int; readOnly = true; }; } (a { x = 1; }) (b { x = 2; }) ]).x;

    # Declarations.
    declared-twice = (eval [ (a { options.x = mkOption { type = types.int; default = 1; }; }) (b { options.x = mkOption { type = types.int; default = 2; }; }) ]).x;
    declared-with-other-type = (eval [ (a (x types.int)) (b (x types.str)) ]).x;
    declared-three-times = (eval [ (a (x types.int)) (b (x types.int)) (c (x types.str)) ]).x;
    parent-of-options = (eval [ (a (x types.int)) (b { options.x.y = mkOption { }; options.x.w = mkOption { }; }) ]).x;
    parent-without-type = (eval [ (a { options.x = mkOption { }; }) (b { options.x.y = mkOption { }; }) ]).x;

    # Modules.
    bad-top-level = (eval [ (a { options = { }; services.nginx.enable = true; programs = { }; }) ]);
    bad-top-level-key = (eval [ { imports = [ { key = "my-module"; config = { }; services = { }; } ]; } ]);
    argument-missing = (eval [ (x types.int) ({ username, ... }: { x = username; }) ]).x;
    argument-missing-config = (eval [ (x types.int) ({ config, inputs, ... }: { x = config.y + inputs; }) ]).x;
    argument-in-imports = (eval [ (x types.int) ({ inputs, ... }: { imports = [ inputs.module ]; }) ]).x;
    config-in-imports = (eval [ (x types.int) ({ config, ... }: { imports = if config.x == 1 then [ ] else [ { } ]; }) ]).x;
    pkgs-in-imports = (eval [ (x types.int) { _module.args.pkgs = { }; } ({ pkgs, ... }: { imports = pkgs.modules; }) ]).x;
    recursion = (eval [ (x types.int) (a { imports = [ ({ config, ... }: { x = config.x + 1; }) ]; }) ]).x;
    recursion-mkIf = (eval [ (x types.int) ({ config, ... }: { x = mkIf (config.x == 1) 1; }) ]).x;
    recursion-two = (eval [ { options.x = mkOption { }; options.y = mkOption { }; } ({ config, ... }: { x = config.y; y = config.x; }) ]).x;
    condition-not-boolean = value types.int [ (mkIf "yes" 1) ];
    condition-throws = value types.int [ (mkIf (throw "no condition") 1) ];
    definition-throws = value (types.attrsOf types.int) [ (throw "no definition") ];
    member-throws = (value (types.attrsOf types.int) [ { a = throw "no member"; } ]).a;
    nested-throw = (value (types.attrsOf member) [ { web.host = throw "no host"; } ]).web.host;
    apply-throws = (eval [ { options.x = mkOption { default = 1; apply = _: throw "no value"; }; } ]).x;
    default-throws = (eval [ (a { options.x = mkOption { type = types.int; default = throw "no default"; }; }) ]).x;

    # Options that moved.
    renamed-warns = throw (said (eval [ warnings (x types.int) (lib.mkRenamedOptionModule [ "old" "x" ] [ "x" ]) (a { old.x = 1; }) (b { old.x = 1; }) ]));
    renamed-wrong-type = (eval [ warnings (x types.int) (lib.mkRenamedOptionModule [ "old" ] [ "x" ]) (a { old = "1"; }) ]).x;
    renamed-conflict = (eval [ warnings (x types.int) (lib.mkRenamedOptionModule [ "old" ] [ "x" ]) (a { old = 1; }) (b { x = 2; }) ]).x;
    renamed-to-nothing = (eval [ warnings (x types.int) (lib.mkRenamedOptionModule [ "old" ] [ "y" ]) (a { old = 1; }) ]).x;
    alias-wrong-type = (eval [ warnings (x types.int) (lib.mkAliasOptionModule [ "old" ] [ "x" ]) (a { old = "1"; }) ]).x;
    removed-warns = throw (said (eval [ warnings (lib.mkRemovedOptionModule [ "old" "x" ] "Use x.") (a { old.x = 1; }) ]));
    changed-warns = throw (said (eval [ warnings (x types.str) (lib.mkChangedOptionModule [ "old" ] [ "x" ] (config: toString config.old)) (a { old = 1; }) ]));
    warning = lib.warn "a warning" (throw "the end");
  };

  # What releases before had not, or Nix itself reported.
  "24.05" = {
    wrong-one-of-two = value types.str [ 1 "a" ];
    wrong-enum-kinds = value (types.enum [ 1 true "a" null ]) [ "b" ];
    wrong-function = value (types.functionTo types.str) [ 1 ];
    wrong-function-result = value (types.functionTo types.str) [ (x: x) ] 1;
    conflict-anything = (value types.anything [ { a = [ 1 ]; } { a = [ 2 ]; } ]).a;
    conflict-anything-kinds = value types.anything [ 1 "a" ];
    conflict-unique = value (types.unique { message = "Choose one."; } types.str) [ "a" "b" ];
    conflict-raw = value types.raw [ 1 2 ];
    declared-bare-type = (eval [ (a { options.x = types.int; }) ]).x;
    declared-bare-type-below = (eval [ (a { options.services.x = types.int; }) ]).services;
    declared-not-a-set = (eval [ (a { options.services = 1; }) ]).services;
    value-for-a-set = (eval [ { options.services.x = mkOption { }; } (a { services = 1; }) ]).services.x;
    list-in-imports = (eval [ (a { imports = [ [ { } ] ]; }) ]);
    not-a-module = (eval [ (a { imports = [ (_: 1) ]; }) ]);
    flake-in-modules = (eval [ { _type = "flake"; outputs = { }; } ]);
    flake-in-imports = (evalModules { class = "nixos"; modules = [ (a { imports = [ { _type = "flake"; outputs = { }; } ]; }) ]; }).config;
    configuration-in-imports = (eval [ (a { imports = [ (evalModules { modules = [ ]; }) ]; }) ]);
    wrong-class = (evalModules { class = "nixos"; modules = [ (a { _class = "homeManager"; config = { }; }) ]; }).config;
    argument-throws = (eval [ (x types.int) { _module.args.pkgs = throw "no nixpkgs"; } ({ pkgs, ... }: { x = pkgs; }) ]).x;
    renamed-is-used = (eval [ warnings (x types.int) (lib.mkRenamedOptionModule [ "old" ] [ "x" ]) (a { x = throw "no value"; }) ]).old;
    removed-is-used = (eval [ warnings (lib.mkRemovedOptionModule [ "old" "x" ] "Use x.") (a { old.x = 1; }) ]).old.x;
    warnings = lib.showWarnings [ "first" "second" ] (throw "the end");
  };
  "26.05" = {
    value-for-a-set-mkIf = (eval [ { options.services.x = mkOption { }; } (a { services = mkIf true 1; }) ]).services.x;
    assertions = lib.asserts.checkAssertWarn [ { assertion = true; message = "fine"; } { assertion = false; message = "first\nof two lines"; } { assertion = false; message = "second"; } ] [ "not shown" ] 1;
  };
}
