# The module system: from a list of modules to their merged `config` and `options`.
{ lib }:
let
  inherit (lib)
    any
    concatLists
    concatMap
    elem
    filter
    foldl'
    head
    imap1
    isAttrs
    isBool
    isFunction
    isOption
    length
    mapAttrs
    mapAttrsToList
    optional
    removeAttrs
    reverseList
    setAttrByPath
    showDefs
    showFiles
    showOption
    types
    zipAttrsWith
    ;

  unknownModule = "<unknown-file>";

  # ── Reading modules ────────────────────────────────────────────────────────────────────────

  # The arguments of a module are resolved one by one and lazily: a module may take `pkgs` and
  # define the option that `pkgs` comes from.
  callModule =
    key: { args, moduleArgs }: f:
    let
      named = mapAttrs (
        name: _:
        builtins.addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          args.${name} or moduleArgs.${name}
        )
      ) (lib.functionArgs f);
    in
    f (args // named);

  notConfig = [
    "_class"
    "_file"
    "key"
    "disabledModules"
    "require"
    "imports"
    "freeformType"
  ];

  normalize =
    file: key: m:
    let
      bad = removeAttrs m (notConfig ++ [ "options" "config" "meta" ]);
      config = if m ? config || m ? options then m.config or { } else removeAttrs m notConfig;
      explicit = m ? config || m ? options;
    in
    if explicit && bad != { } then
      throw "Module `${key}' has an unsupported attribute `${head (lib.attrNames bad)}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (lib.attrNames bad)}) into the explicit `config' attribute."
    else
      {
        _file = toString (m._file or file);
        key = toString (m.key or key);
        disabledModules = m.disabledModules or [ ];
        imports = m.require or [ ] ++ m.imports or [ ];
        options = m.options or { };
        config =
          if m ? freeformType then
            mkMerge [
              config
              { _module.freeformType = m.freeformType; }
            ]
          else
            config;
      };

  loadModule =
    args: parentFile: anonymousKey: m:
    if isFunction m then
      normalize parentFile anonymousKey (callModule anonymousKey args m)
    else if isAttrs m && m._type or "module" == "if" || isAttrs m && m._type or "module" == "merge" then
      normalize parentFile anonymousKey { config = m; }
    else if isAttrs m && !(lib.isDerivation m) then
      normalize parentFile anonymousKey m
    else if lib.isList m then
      throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${
        showDefs [
          {
            file = parentFile;
            value = m;
          }
        ]
      }"
    else
      let
        file = toString m;
        loaded = import m;
      in
      normalize file file (if isFunction loaded then callModule file args loaded else loaded);

  # Every module once: first those of the list, then what they import.
  collectModules =
    modulesPath: modules: args:
    let
      tree =
        parentFile: parentKey:
        imap1 (
          n: m:
          let
            module = loadModule args parentFile "${parentKey}:anon-${toString n}" m;
          in
          {
            inherit (module) key;
            inherit module;
            children = tree module._file module.key module.imports;
          }
        );
      roots = tree unknownModule "" modules;
      closure =
        keep:
        builtins.genericClosure {
          startSet = filter keep roots;
          operator = node: filter keep node.children;
        };
      disabledKey =
        m: if lib.isString m && !(lib.hasPrefix "/" m) then "${modulesPath}/${m}" else toString (m.key or m);
      disabled = map disabledKey (concatMap (n: n.module.disabledModules) (closure (_: true)));
    in
    map (n: n.module) (closure (n: disabled == [ ] || !(elem n.key disabled)));

  # ── Merging ────────────────────────────────────────────────────────────────────────────────

  # mkMerge, mkIf and mkOverride around a whole set move to its members, so that a condition
  # is evaluated only when one of the members is.
  pushDown =
    cfg:
    let
      kind = cfg._type or "";
    in
    if kind == "" then
      [ cfg ]
    else if kind == "merge" then
      concatMap pushDown cfg.contents
    else if kind == "if" then
      map (mapAttrs (_: mkIf cfg.condition)) (pushDown cfg.content)
    else if kind == "override" then
      map (mapAttrs (_: mkOverride cfg.priority)) (pushDown cfg.content)
    else
      [ cfg ];

  byName = zipAttrsWith (_: vs: vs);

  mergeModules =
    prefix: modules:
    mergeTree prefix
      (map (m: { file = m._file; inherit (m) options; }) modules)
      (concatMap (m: map (value: { file = m._file; inherit value; }) (pushDown m.config)) modules);

  # `decls` are trees of options, `defs` trees of values, each with its file.
  mergeTree =
    prefix: decls: defs:
    let
      declsByName = byName (map (d: mapAttrs (_: o: { inherit (d) file; options = o; }) d.options) decls);
      defsByName = byName (
        map (
          d:
          if isAttrs d.value then
            mapAttrs (_: value: {
              inherit (d) file;
              inherit value;
            }) d.value
          else
            throw "You're trying to define a value of type `${builtins.typeOf d.value}'\nrather than an attribute set for the option\n`${showOption prefix}'!\n\nThis usually happens if `${showOption prefix}' has option\ndefinitions inside that are not matched. Please check how to properly define\nthis option by e.g. referring to `man 5 configuration.nix'!"
        ) defs
      );
      results = mapAttrs (
        name: ds:
        let
          loc = prefix ++ [ name ];
          here = defsByName.${name} or [ ];
          opts = filter (d: isOption d.options) ds;
        in
        if opts == [ ] then
          mergeTree loc ds (
            concatMap (d: map (value: { inherit (d) file; inherit value; }) (pushDown d.value)) here
          )
        else if length opts == length ds then
          {
            options = evalOption loc (mergeDeclarations loc opts) here;
            unmatched = [ ];
          }
        else
          throw "The option `${showOption loc}' in `${(head opts).file}' would be a parent of the following options, but its type `${
            ((head opts).options.type or types.unspecified).description
          }' does not support nested options.\n- option(s) with prefix `${showOption loc}' in module `${
            (lib.findFirst (d: !isOption d.options) null ds).file
          }'"
      ) declsByName;
      strays = removeAttrs defsByName (lib.attrNames declsByName);
    in
    {
      options = mapAttrs (_: r: r.options) results;
      unmatched =
        concatLists (mapAttrsToList (_: r: r.unmatched) results)
        ++ concatLists (mapAttrsToList (name: map (d: d // { loc = prefix ++ [ name ]; inherit prefix; })) strays);
    };

  # Several modules may declare one option if its types can be merged and each of default,
  # description and so on is given only once.
  mergeDeclarations =
    loc: opts:
    foldl'
      (
        acc: d:
        let
          both = attr: acc ? ${attr} && d.options ? ${attr};
          type = if both "type" then acc.type.typeMerge d.options.type else acc.type or d.options.type or null;
        in
        if any both [ "default" "example" "description" "apply" ] || both "type" && type == null then
          throw "The option `${showOption loc}' in `${d.file}' is already declared in ${showFiles acc.declarations}."
        else
          d.options
          // acc
          // {
            declarations = acc.declarations ++ [ d.file ];
          }
          // (if type == null then { } else { inherit type; })
      )
      {
        inherit loc;
        declarations = [ ];
      }
      opts;

  evalOption =
    loc: opt: defs:
    let
      type = opt.type or types.unspecified;
      defaults = optional (opt ? default) {
        file = head opt.declarations;
        value = mkOptionDefault opt.default;
      };
      res =
        if opt.readOnly or false && length defs + length defaults > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${
            showDefs (defaults ++ defs)
          }"
        else
          mergeDefinitions loc type (defaults ++ defs);
      value = if opt ? apply then opt.apply res.mergedValue else res.mergedValue;
    in
    opt
    // {
      inherit loc type;
      value = builtins.addErrorContext "while evaluating the option `${showOption loc}':" value;
      definitions = map (d: d.value) res.defs;
      definitionsWithLocations = res.defs;
      files = map (d: d.file) res.defs;
      inherit (res) isDefined highestPrio;
      __toString = _: showOption loc;
    };

  mergeDefinitions =
    loc: type: rawDefs:
    let
      discharged = concatMap (
        d:
        map
          (value: {
            inherit (d) file;
            inherit value;
          })
          (builtins.addErrorContext "while evaluating definitions from `${d.file}':" (discharge d.value))
      ) rawDefs;
      prio = d: if d.value._type or "" == "override" then d.value.priority else defaultOverridePriority;
      highestPrio = foldl' (p: d: lib.min p (prio d)) 9999 discharged;
      strip = d: if d.value._type or "" == "override" then d // { value = d.value.content; } else d;
      chosen = map strip (filter (d: prio d == highestPrio) discharged);
      order = d: if d.value._type or "" == "order" then d.value.priority else defaultOrderPriority;
      ordered =
        if any (d: d.value._type or "" == "order") chosen then
          map (d: if d.value._type or "" == "order" then d // { value = d.value.content; } else d) (
            lib.sort (a: b: order a < order b) chosen
          )
        else
          chosen;
      wrong = filter (d: !type.check d.value) ordered;
    in
    rec {
      defs = ordered;
      inherit highestPrio;
      isDefined = ordered != [ ];
      mergedValue =
        if !isDefined then
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option."
        else if wrong != [ ] then
          throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${showDefs wrong}"
        else
          type.merge loc ordered;
    };

  discharge =
    def:
    let
      kind = def._type or "";
    in
    if kind == "merge" then
      concatMap discharge def.contents
    else if kind == "if" then
      if isBool def.condition then
        if def.condition then discharge def.content else [ ]
      else
        throw "‘mkIf’ called with a non-Boolean condition"
    else
      [ def ];

  # ── Properties ─────────────────────────────────────────────────────────────────────────────

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  mkOptionDefault = mkOverride 1500;
  defaultOverridePriority = 100;
  defaultOrderPriority = 1000;

  internalModule = {
    _file = "lib/modules.nix";
    key = "lib/modules.nix";
    options._module = {
      args = lib.mkOption {
        type = types.lazyAttrsOf types.raw;
        internal = true;
        description = "Additional arguments passed to each module.";
      };
      check = lib.mkOption {
        type = types.bool;
        internal = true;
        default = true;
        description = "Whether to check whether all option definitions have matching declarations.";
      };
      freeformType = lib.mkOption {
        type = types.nullOr types.optionType;
        internal = true;
        default = null;
        description = "The type of definitions without an option.";
      };
    };
    config._module.args = { };
  };

  evalModules =
    {
      modules,
      prefix ? [ ],
      specialArgs ? { },
      class ? null,
    }@evalArgs:
    let
      args = {
        inherit
          lib
          specialArgs
          options
          extendModules
          ;
        config = fullConfig;
        moduleType = result.type;
        _class = class;
        _prefix = prefix;
      }
      // specialArgs;
      collected = collectModules (toString (specialArgs.modulesPath or "")) (
        modules ++ [ internalModule ]
      ) { inherit args; moduleArgs = declared._module.args; };
      tree = mergeModules prefix (reverseList collected);
      inherit (tree) options;
      values = mapAttrs (_: o: if isOption o then o.value else values o);
      declared = values options;
      freeform = declared._module.freeformType;
      fullConfig =
        if freeform == null || tree.unmatched == [ ] && freeform.emptyValue ? value then
          declared
        else
          lib.recursiveUpdate (freeform.merge prefix (
            map (d: {
              inherit (d) file;
              value = setAttrByPath (lib.drop (length prefix) d.loc) d.value;
            }) tree.unmatched
          )) declared;
      check =
        let
          first = head tree.unmatched;
          message = "The option `${showOption first.loc}' does not exist. Definition values:${showDefs [ first ]}";
        in
        if freeform != null || tree.unmatched == [ ] || !declared._module.check then
          true
        else if lib.attrNames options == [ "_module" ] then
          throw "${message}\n\nHowever there are no options defined in `${showOption prefix}'. Are you sure you've\ndeclared your options properly? This can happen if you e.g. declared your options in `types.submodule'\nunder `config' rather than `options'.\n"
        else
          throw message;
      result = {
        _type = "configuration";
        options = builtins.seq check options;
        config = builtins.seq check (removeAttrs fullConfig [ "_module" ]);
        _module = builtins.seq check declared._module;
        inherit class extendModules;
        # The evaluation as a type: definitions of such an option are further modules.
        type = types.submoduleWith { inherit modules specialArgs class; };
      };
      extendModules =
        {
          modules ? [ ],
          specialArgs ? { },
          prefix ? evalArgs.prefix or [ ],
        }:
        evalModules (
          evalArgs
          // {
            modules = evalArgs.modules ++ modules;
            specialArgs = evalArgs.specialArgs or { } // specialArgs;
            inherit prefix;
          }
        );
    in
    result;
in
{
  inherit
    evalModules
    mergeDefinitions
    mkIf
    mkMerge
    mkOverride
    mkOrder
    mkOptionDefault
    defaultOverridePriority
    ;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkAssert =
    assertion: message:
    mkIf (if assertion then true else throw "\nFailed assertion: ${message}");
  # A definition that keeps the priority of the option it is computed from.
  mkDerivedConfig = opt: f: mkOverride (opt.highestPrio or defaultOverridePriority) (f opt.value);
  setDefaultModuleLocation = file: m: {
    _file = file;
    imports = [ m ];
  };

  mkAliasOptionModule =
    from: to:
    { config, options, ... }:
    {
      options = setAttrByPath from (
        lib.mkOption {
          visible = false;
          description = "Alias of {option}`${showOption to}`.";
          apply = _: lib.getAttrFromPath to config;
        }
      );
      config = mkIf (lib.getAttrFromPath from options).isDefined (
        setAttrByPath to (mkMerge (lib.getAttrFromPath from options).definitions)
      );
    };
  mkRenamedOptionModule =
    from: to:
    { config, options, ... }:
    let
      old = lib.getAttrFromPath from options;
    in
    {
      options = setAttrByPath from (
        lib.mkOption {
          visible = false;
          description = "Alias of {option}`${showOption to}`.";
          apply = _: lib.getAttrFromPath to config;
        }
      );
      config = mkMerge [
        (if options ? warnings then {
          warnings = optional old.isDefined "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
        } else { })
        (mkIf old.isDefined (setAttrByPath to (mkMerge old.definitions)))
      ];
    };
  mkRemovedOptionModule =
    path: replacement:
    { options, ... }:
    let
      opt = lib.getAttrFromPath path options;
    in
    {
      options = setAttrByPath path (
        lib.mkOption {
          visible = false;
          apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${replacement}";
        }
      );
      config.assertions = [
        {
          assertion = !opt.isDefined;
          message = "The option definition `${showOption path}' in ${showFiles opt.files} no longer has any effect; please remove it.\n${replacement}";
        }
      ];
    };
}
