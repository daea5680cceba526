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
    words
    ;

  # A type that says itself what is wrong with its definitions has a `fault`: a function from
  # location and definitions to the text, or null.
  mkOptionType =
    {
      name,
      description ? name,
      check ? _: true,
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      # How the description is put into that of another type.
      descriptionClass ? null,
      # The same option declared twice: a type both agree on, or null.
      typeMerge ? other: if other.family == name then other else null,
      ...
    }@args:
    {
      _type = "option-type";
      # Types that are this one with another name or check have the same.
      family = name;
      getSubOptions = _: { };
      getSubModules = null;
    }
    // args
    // {
      inherit
        name
        description
        descriptionClass
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

  # What is wrong with definitions if each has to pass the check of a type.
  unlessAll =
    check: defs:
    let
      wrong = filter (d: !check d.value) defs;
    in
    if wrong == [ ] then null else words.wrongDefinitions wrong;
  faultOf = type: loc: defs: if type ? fault then type.fault loc defs else unlessAll type.check defs;

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
    types.addCheck types.int (x: x >= lo && x <= hi)
    // {
      name = "intBetween";
      description = "integer between ${toString lo} and ${toString hi} (both inclusive)";
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
    types.addCheck types.int pred
    // {
      inherit name description;
      descriptionClass = "nonRestrictiveClause";
    };

  types = {
    raw = mkOptionType {
      name = "raw";
      description = "raw value";
      descriptionClass = "noun";
      merge = mergeOneOption;
    };
    unspecified = mkOptionType {
      name = "unspecified";
      description = "unspecified value";
      descriptionClass = "noun";
    };
    optionType = types.raw // { name = "optionType"; };

    anything = mkOptionType {
      name = "anything";
      descriptionClass = "noun";
      merge =
        loc: defs:
        let
          kind = v: if lib.isStringLike v && !builtins.isString v then "stringCoercibleSet" else builtins.typeOf v;
          kinds = lib.unique (map (d: kind d.value) defs);
        in
        if length kinds != 1 then
          throw (words.typesDiffer loc defs)
        else if head kinds == "set" then
          (types.attrsOf types.anything).merge loc defs
        else if head kinds == "stringCoercibleSet" then
          mergeOneOption loc defs
        else if head kinds == "lambda" then
          x:
          types.anything.merge (loc ++ [ "<function body>" ]) (map (d: { inherit (d) file; value = d.value x; }) defs)
        else
          mergeEqualOption loc defs;
    };

    bool = mkOptionType {
      name = "bool";
      description = "boolean";
      descriptionClass = "noun";
      check = builtins.isBool;
      merge = mergeEqualOption;
    };
    boolByOr = types.bool // {
      name = "boolByOr";
      description = "boolean (merged using or)";
      merge = _: defs: lib.any (d: d.value) defs;
    };
    int = mkOptionType {
      name = "int";
      description = "signed integer";
      descriptionClass = "noun";
      check = builtins.isInt;
      merge = mergeEqualOption;
    };
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
      descriptionClass = "noun";
      check = builtins.isFloat;
      merge = mergeEqualOption;
    };
    number = types.either types.int types.float;

    str = mkOptionType {
      name = "str";
      description = "string";
      descriptionClass = "noun";
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
        name = "strMatching ${lib.escapeNixString pattern}";
        description = "string matching the pattern ${pattern}";
        check = x: builtins.isString x && builtins.match pattern x != null;
      };
    passwdEntry =
      t:
      t
      // {
        name = "passwdEntry ${t.name}";
        description = "${words.phrase [ "noun" ] t}, not containing newlines or colons";
        descriptionClass = "nonRestrictiveClause";
        check = x: t.check x && !lib.hasInfix ":" x && !lib.hasInfix "\n" x;
      };
    separatedString =
      sep:
      mkOptionType {
        name = "separatedString";
        description = words.separatedString sep;
        descriptionClass = "noun";
        check = builtins.isString;
        merge = _: defs: concatStringsSep sep (lib.getValues defs);
      };
    lines = types.separatedString "\n";
    commas = types.separatedString ",";
    envVar = types.separatedString ":";

    path = mkOptionType {
      name = "path";
      description = words.path;
      descriptionClass = "noun";
      check = x: lib.isStringLike x && builtins.substring 0 1 (toString x) == "/";
      merge = mergeEqualOption;
    };
    pathInStore = types.path // {
      name = "pathInStore";
      description = "path in the Nix store";
    };
    externalPath = types.path // {
      description = "absolute path not in the Nix store";
    };
    package = mkOptionType {
      name = "package";
      descriptionClass = "noun";
      check = x: lib.isDerivation x || lib.isStorePath x;
      merge = mergeOneOption;
    };
    shellPackage = types.package // {
      name = "shellPackage";
      check = x: lib.isDerivation x && x ? shellPath;
    };
    pkgs = types.unique { message = "A Nixpkgs pkgs set can not be merged with another pkgs set."; } types.raw // {
      name = "pkgs";
      description = "Nixpkgs package set";
    };
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
        show =
          v:
          if builtins.isString v then
            "\"${v}\""
          else if builtins.isInt v then
            toString v
          else if builtins.isBool v then
            lib.boolToString v
          else
            "<${builtins.typeOf v}>";
      in
      mkOptionType {
        name = "enum";
        description = words.enum (map show values);
        descriptionClass = if length values < 2 then "noun" else "conjunction";
        check = v: elem v values;
        merge = mergeEqualOption;
        inherit values;
        typeMerge = other: if other.name == "enum" then types.enum (lib.unique (values ++ other.values)) else null;
      };

    nullOr =
      elemType:
      wrapping types.nullOr elemType {
        name = "nullOr";
        description = "null or ${words.phrase [ "noun" "conjunction" ] elemType}";
        descriptionClass = "conjunction";
        check = x: x == null || elemType.check x;
        merge =
          loc: defs:
          let
            nulls = lib.count (d: d.value == null) defs;
          in
          if nulls == length defs then
            null
          else if nulls != 0 then
            throw (words.nullAndNot loc defs)
          else
            elemType.merge loc defs;
        emptyValue.value = null;
        getSubOptions = elemType.getSubOptions;
      };

    listOf =
      elemType:
      wrapping types.listOf elemType {
        name = "listOf";
        description = "list of ${words.members elemType}";
        descriptionClass = "composite";
        check = builtins.isList;
        fault = _: unlessAll builtins.isList;
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
      types.addCheck (types.listOf elemType) (x: x != [ ])
      // {
        description = "non-empty ${words.phrase [ "noun" ] (types.listOf elemType)}";
        emptyValue = { };
      };

    attrsOf =
      elemType:
      wrapping types.attrsOf elemType {
        name = "attrsOf";
        description = "attribute set of ${words.members elemType}";
        descriptionClass = "composite";
        check = isAttrs;
        fault = _: unlessAll isAttrs;
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
        description = "lazy attribute set of ${words.members elemType}";
        descriptionClass = "composite";
        check = isAttrs;
        fault = _: unlessAll isAttrs;
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
        description = words.choice a b;
        descriptionClass = "conjunction";
        check = x: a.check x || b.check x;
        fault =
          loc: defs:
          if faultOf a loc defs == null || faultOf b loc defs == null then
            null
          else
            words.neither {
              inherit loc defs;
              first = a;
              second = b;
            };
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
      let
        check = x: to.check x || (from.check x && to.check (f x));
        coerce = map (d: if faultOf from [ ] [ d ] == null then d // { value = f d.value; } else d);
      in
      to
      // {
        name = "coercedTo";
        description = "${words.phrase [ "noun" ] to} or ${words.phrase [ "noun" ] from} convertible to it";
        descriptionClass = null;
        inherit check;
        fault = loc: defs: if to ? fault then to.fault loc (coerce defs) else unlessAll check defs;
        merge = loc: defs: to.merge loc (coerce defs);
        typeMerge = _: null;
      };
    uniq = types.unique { message = ""; };
    unique =
      { message }:
      t:
      removeAttrs t [ "fault" ]
      // {
        name = "unique";
        merge = lib.mergeUniqueOption {
          inherit message;
          inherit (t) merge;
        };
        typeMerge = _: null;
      };
    addCheck =
      t: check:
      t
      // {
        check = x: t.check x && check x;
      }
      // (
        if t ? fault then
          {
            fault =
              loc: defs:
              let
                outer = t.fault loc defs;
              in
              if outer == null then unlessAll check defs else outer;
          }
        else
          { }
      );
    functionTo =
      elemType:
      wrapping types.functionTo elemType {
        name = "functionTo";
        description = "function that evaluates to a(n) ${words.members elemType}";
        descriptionClass = "composite";
        check = lib.isFunction;
        merge =
          loc: defs: arg:
          merged (loc ++ [ "<function body>" ]) elemType (map (d: d // { value = d.value arg; }) defs);
      };
    deferredModule = mkOptionType {
      name = "deferredModule";
      description = "module";
      descriptionClass = "noun";
      check = x: isAttrs x || lib.isFunction x || lib.isStringLike x;
      merge = loc: defs: {
        imports = map (d: {
          _file = "${d.file}, via option ${lib.showOption loc}";
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
            inherit specialArgs prefix class;
            modules = modules ++ extra;
          };
        unchecked = eval [ ] [ { _module.check = false; } ];
        freeformType = unchecked._module.freeformType;
        check = x: isAttrs x || lib.isFunction x || types.path.check x;
      in
      mkOptionType {
        name = "submodule";
        description =
          if description != null then
            description
          else if freeformType ? description then
            words.openSubmodule freeformType
          else
            "submodule";
        inherit check;
        fault = _: unlessAll check;
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
