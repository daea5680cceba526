# Option types: how a definition is checked, and how several are merged.
{ lib }:
let
  inherit (lib)
    all
    concatLists
    concatStringsSep
    elem
    filter
    head
    imap1
    isAttrs
    last
    length
    mergeEqualOption
    mergeOneOption
    showOption
    ;

  mkOptionType =
    {
      name,
      description ? name,
      check ? _: true,
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      # The same option declared twice: a type both agree on, or null.
      typeMerge ? other: if other.name == name then other else null,
      ...
    }@args:
    {
      _type = "option-type";
      getSubOptions = _: { };
      getSubModules = null;
    }
    // args
    // {
      inherit
        name
        description
        check
        merge
        emptyValue
        typeMerge
        ;
    };

  # A type around another: `outer` rebuilds it with a merged inner type.
  wrapping =
    outer: inner: args:
    mkOptionType (
      {
        nestedTypes.elemType = inner;
        getSubOptions = prefix: inner.getSubOptions (prefix ++ [ "<name>" ]);
        typeMerge =
          other:
          let
            merged = inner.typeMerge other.nestedTypes.elemType;
          in
          if other.name == args.name && merged != null then outer merged else null;
      }
      // args
    );

  # Descriptions that are themselves a choice get brackets.
  inner = t: if elem t.name [ "either" "nullOr" "enum" ] then "(${t.description})" else t.description;

  merged = loc: type: defs: (lib.mergeDefinitions loc type defs).mergedValue;

  # Definitions of one name from several attribute sets, each with its file.
  byName =
    defs:
    lib.zipAttrsWith (_: vs: vs) (
      map (
        def:
        builtins.mapAttrs (_: value: {
          inherit (def) file;
          inherit value;
        }) def.value
      ) defs
    );

  between =
    lo: hi:
    mkOptionType {
      name = "intBetween";
      description = "integer between ${toString lo} and ${toString hi} (both inclusive)";
      check = x: builtins.isInt x && x >= lo && x <= hi;
      merge = mergeEqualOption;
    };
  sized =
    bits: lo: hi: sign:
    between lo hi
    // {
      name = "${sign}Int${toString bits}";
      description = "${toString bits} bit ${sign} integer; between ${toString lo} and ${toString hi} (both inclusive)";
    };
  intWith =
    name: description: pred:
    mkOptionType {
      inherit name description;
      check = x: builtins.isInt x && pred x;
      merge = mergeEqualOption;
    };

  types = {
    raw = mkOptionType {
      name = "raw";
      description = "raw value";
      merge = mergeOneOption;
    };
    unspecified = mkOptionType {
      name = "unspecified";
      description = "unspecified value";
    };
    optionType = types.raw // { name = "optionType"; };

    anything = mkOptionType {
      name = "anything";
      merge =
        loc: defs:
        let
          kind = v: if lib.isStringLike v && !builtins.isString v then "stringCoercibleSet" else builtins.typeOf v;
          kinds = lib.unique (map (d: kind d.value) defs);
        in
        if length kinds != 1 then
          throw "The option `${showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles defs)}"
        else if head kinds == "set" then
          (types.attrsOf types.anything).merge loc defs
        else if head kinds == "stringCoercibleSet" then
          mergeOneOption loc defs
        else if head kinds == "lambda" then
          x:
          types.anything.merge loc (map (d: { inherit (d) file; value = d.value x; }) defs)
        else
          mergeEqualOption loc defs;
    };

    bool = mkOptionType {
      name = "bool";
      description = "boolean";
      check = builtins.isBool;
      merge = mergeEqualOption;
    };
    boolByOr = types.bool // {
      name = "boolByOr";
      merge = _: defs: lib.any (d: d.value) defs;
    };
    int = intWith "int" "signed integer" (_: true);
    ints = {
      inherit between;
      positive = intWith "positiveInt" "positive integer, meaning >0" (x: x > 0);
      unsigned = intWith "unsignedInt" "unsigned integer, meaning >=0" (x: x >= 0);
      u8 = sized 8 0 255 "unsigned";
      u16 = sized 16 0 65535 "unsigned";
      u32 = sized 32 0 4294967295 "unsigned";
      s8 = sized 8 (-128) 127 "signed";
      s16 = sized 16 (-32768) 32767 "signed";
      s32 = sized 32 (-2147483648) 2147483647 "signed";
    };
    port = types.ints.u16;
    float = mkOptionType {
      name = "float";
      description = "floating point number";
      check = builtins.isFloat;
      merge = mergeEqualOption;
    };
    number = types.either types.int types.float;

    str = mkOptionType {
      name = "str";
      description = "string";
      check = builtins.isString;
      merge = mergeEqualOption;
    };
    nonEmptyStr = types.str // {
      name = "nonEmptyStr";
      description = "non-empty string";
      check = x: builtins.isString x && builtins.match "[ \t\n]*" x == null;
    };
    singleLineStr = types.str // {
      name = "singleLineStr";
      description = "(optionally newline-terminated) single-line string";
      check = x: builtins.isString x && builtins.match "[^\n]*\n?" x != null;
      merge = loc: defs: lib.removeSuffix "\n" (mergeEqualOption loc defs);
    };
    strMatching =
      pattern:
      types.str
      // {
        name = "strMatching ${builtins.toJSON pattern}";
        description = "string matching the pattern ${pattern}";
        check = x: builtins.isString x && builtins.match pattern x != null;
      };
    passwdEntry =
      t:
      t
      // {
        name = "passwdEntry ${t.name}";
        description = "${inner t}, not containing newlines or colons";
        check = x: t.check x && !lib.hasInfix ":" x && !lib.hasInfix "\n" x;
      };
    separatedString =
      sep:
      mkOptionType {
        name = "separatedString";
        description = if sep == "" then "Concatenated string" else "strings concatenated with ${builtins.toJSON sep}";
        check = builtins.isString;
        merge = _: defs: concatStringsSep sep (lib.getValues defs);
      };
    lines = types.separatedString "\n";
    commas = types.separatedString ",";
    envVar = types.separatedString ":";

    path = mkOptionType {
      name = "path";
      description = "absolute path";
      check = x: lib.isStringLike x && builtins.substring 0 1 (toString x) == "/";
      merge = mergeEqualOption;
    };
    pathInStore = types.path // {
      name = "pathInStore";
      description = "path in the Nix store";
    };
    externalPath = types.path;
    package = mkOptionType {
      name = "package";
      check = x: lib.isDerivation x || lib.isStorePath x;
      merge = mergeOneOption;
    };
    shellPackage = types.package // {
      name = "shellPackage";
      check = x: lib.isDerivation x && x ? shellPath;
    };
    pkgs = types.raw // { name = "pkgs"; description = "Nixpkgs package set"; };
    attrs = mkOptionType {
      name = "attrs";
      description = "attribute set";
      check = isAttrs;
      merge = _: lib.foldl' (acc: def: acc // def.value) { };
      emptyValue.value = { };
    };

    enum =
      values:
      let
        show = v: if builtins.isString v then "\"${v}\"" else if builtins.isBool v then lib.boolToString v else toString v;
      in
      mkOptionType {
        name = "enum";
        description =
          if length values == 1 then
            "value ${show (head values)} (singular enum)"
          else
            "one of ${lib.concatMapStringsSep ", " show values}";
        check = v: elem v values;
        merge = mergeEqualOption;
        inherit values;
        typeMerge = other: if other.name == "enum" then types.enum (lib.unique (values ++ other.values)) else null;
      };

    nullOr =
      elemType:
      wrapping types.nullOr elemType {
        name = "nullOr";
        description = "null or ${inner elemType}";
        check = x: x == null || elemType.check x;
        merge =
          loc: defs:
          let
            nulls = lib.count (d: d.value == null) defs;
          in
          if nulls == length defs then
            null
          else if nulls != 0 then
            throw "The option `${showOption loc}' is defined both null and not null, in ${lib.showFiles (lib.getFiles defs)}."
          else
            elemType.merge loc defs;
        emptyValue.value = null;
        getSubOptions = elemType.getSubOptions;
      };

    listOf =
      elemType:
      wrapping types.listOf elemType {
        name = "listOf";
        description = "list of ${inner elemType}";
        check = builtins.isList;
        merge =
          loc: defs:
          concatLists (
            imap1 (
              n: def:
              concatLists (
                imap1 (
                  m: value:
                  let
                    res = lib.mergeDefinitions (loc ++ [ "[definition ${toString n}-entry ${toString m}]" ]) elemType [
                      {
                        inherit (def) file;
                        inherit value;
                      }
                    ];
                  in
                  lib.optional res.isDefined res.mergedValue
                ) def.value
              )
            ) defs
          );
        emptyValue.value = [ ];
      };
    nonEmptyListOf =
      elemType:
      types.listOf elemType
      // {
        description = "non-empty list of ${inner elemType}";
        check = x: builtins.isList x && x != [ ];
        emptyValue = { };
      };

    attrsOf =
      elemType:
      wrapping types.attrsOf elemType {
        name = "attrsOf";
        description = "attribute set of ${inner elemType}";
        check = isAttrs;
        merge =
          loc: defs:
          let
            results = builtins.mapAttrs (name: lib.mergeDefinitions (loc ++ [ name ]) elemType) (byName defs);
          in
          builtins.mapAttrs (_: r: r.mergedValue) (lib.filterAttrs (_: r: r.isDefined) results);
        emptyValue.value = { };
      };
    # Names are known without looking at values, so a `mkIf false` member throws when it is used.
    lazyAttrsOf =
      elemType:
      wrapping types.lazyAttrsOf elemType {
        name = "lazyAttrsOf";
        description = "lazy attribute set of ${inner elemType}";
        check = isAttrs;
        merge =
          loc: defs:
          builtins.mapAttrs (
            name: ds:
            let
              r = lib.mergeDefinitions (loc ++ [ name ]) elemType ds;
            in
            if r.isDefined then r.mergedValue else elemType.emptyValue.value or r.mergedValue
          ) (byName defs);
        emptyValue.value = { };
      };

    either =
      a: b:
      mkOptionType {
        name = "either";
        description = "${inner a} or ${inner b}";
        check = x: a.check x || b.check x;
        merge =
          loc: defs:
          if all (d: a.check d.value) defs then
            a.merge loc defs
          else if all (d: b.check d.value) defs then
            b.merge loc defs
          else
            mergeOneOption loc defs;
      };
    oneOf = ts: lib.foldl' types.either (head ts) (lib.tail ts);
    coercedTo =
      from: f: to:
      to
      // {
        name = "coercedTo";
        description = "${inner to} or ${inner from} convertible to it";
        check = x: to.check x || (from.check x && to.check (f x));
        merge =
          loc: defs:
          to.merge loc (
            map (d: if from.check d.value then d // { value = f (merged loc from [ d ]); } else d) defs
          );
        typeMerge = _: null;
      };
    uniq = t: t // { merge = mergeOneOption; typeMerge = _: null; };
    unique = message: t: t // { merge = lib.mergeUniqueOption message; };
    addCheck = t: check: t // { check = x: t.check x && check x; };
    functionTo =
      elemType:
      wrapping types.functionTo elemType {
        name = "functionTo";
        description = "function that evaluates to a(n) ${inner elemType}";
        check = lib.isFunction;
        merge =
          loc: defs: arg:
          merged (loc ++ [ "<function body>" ]) elemType (map (d: d // { value = d.value arg; }) defs);
      };
    deferredModule = mkOptionType {
      name = "deferredModule";
      description = "module";
      check = x: isAttrs x || lib.isFunction x || lib.isStringLike x;
      merge = _: defs: {
        imports = map (d: {
          _file = d.file;
          imports = [ d.value ];
        }) defs;
      };
    };

    submodule = module: types.submoduleWith {
      modules = lib.toList module;
      shorthandOnlyDefinesConfig = true;
    };
    submoduleWith =
      {
        modules,
        specialArgs ? { },
        shorthandOnlyDefinesConfig ? false,
        description ? null,
        class ? null,
      }@args:
      let
        asModule =
          def:
          if isAttrs def.value && shorthandOnlyDefinesConfig then
            {
              _file = def.file;
              config = def.value;
            }
          else
            {
              _file = def.file;
              imports = [ def.value ];
            };
        eval =
          prefix: extra:
          lib.evalModules {
            inherit specialArgs prefix;
            modules = modules ++ extra;
          };
      in
      mkOptionType {
        name = "submodule";
        description = if description == null then "submodule" else description;
        check = x: isAttrs x || lib.isFunction x || lib.isPath x;
        merge =
          loc: defs: (eval loc ([ { _module.args.name = last loc; } ] ++ map asModule defs)).config;
        emptyValue.value = { };
        getSubOptions = prefix: removeAttrs (eval prefix [ { _module.args.name = lib.mkOptionDefault "‹name›"; } ]).options [ "_module" ];
        getSubModules = modules;
        inherit args;
        typeMerge =
          other:
          if other.name == "submodule" then
            types.submoduleWith (
              args
              // {
                modules = modules ++ other.args.modules;
                specialArgs = specialArgs // other.args.specialArgs or { };
              }
            )
          else
            null;
      };
  };
in
types // { inherit mkOptionType; }
