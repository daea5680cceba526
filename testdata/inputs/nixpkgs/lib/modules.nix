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
    words
    zipAttrsWith
    ;

  unknownModule = "<unknown-file>";

  # Says in an error what was being evaluated, if this release of nixpkgs does.
  context = text: x: if text == null then x else builtins.addErrorContext text x;

  # ── Reading modules ────────────────────────────────────────────────────────────────────────

  # The arguments of a module are resolved one by one and lazily: a module may take `pkgs` and
  # define the option that `pkgs` comes from.
  callModule =
    key: args: f:
    let
      named = mapAttrs (
        name: _:
        context (words.argument name key) (
          args.${name} or (context (words.argumentOfOption name) args.config._module.args.${name})
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
      bad = lib.attrNames (removeAttrs m (notConfig ++ [ "options" "config" "meta" ]));
      config =
        if !explicit then
          removeAttrs m notConfig
        else if m ? meta then
          mkMerge [
            (m.config or { })
            { inherit (m) meta; }
          ]
        else
          m.config or { };
      explicit = m ? config || m ? options;
    in
    if !isAttrs m then
      throw (words.notAModule file key)
    else if explicit && bad != [ ] then
      throw (words.badTopLevel key bad)
    else
      {
        _file = toString (m._file or file);
        _class = m._class or null;
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
    let
      kind = m._type or "module";
    in
    if isFunction m then
      normalize parentFile anonymousKey (callModule anonymousKey args m)
    else if isAttrs m && elem kind [ "if" "override" "merge" ] then
      normalize parentFile anonymousKey { config = m; }
    else if isAttrs m && kind != "module" then
      throw (
        words.wrongKind {
          inherit kind;
          file = if parentFile == unknownModule then null else parentFile;
          prefix = args._prefix;
          class = args._class;
        }
      )
    else if isAttrs m && !(lib.isDerivation m) then
      normalize parentFile anonymousKey m
    else if lib.isList m then
      throw (
        words.listInImports {
          file = parentFile;
          value = m;
        }
      )
    else
      let
        file = toString m;
        loaded = import m;
      in
      normalize file file (if isFunction loaded then callModule file args loaded else loaded);

  # A module may say what kind of configuration it is for.
  checkClass =
    expected: m:
    if expected == null || elem m._class [ null expected ] then
      m
    else
      throw (
        words.wrongClass {
          inherit expected;
          module = m._file;
          class = m._class;
        }
      );

  # Every module once: first those of the list, then what they import.
  collectModules =
    modulesPath: modules: args:
    let
      tree =
        parentFile: parentKey:
        imap1 (
          n: m:
          let
            module = checkClass args._class (
              loadModule args parentFile "${parentKey}:anon-${toString n}" m
            );
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
      map (eachMember (mkIf cfg.condition)) (pushDown cfg.content)
    else if kind == "override" then
      map (eachMember (mkOverride cfg.priority)) (pushDown cfg.content)
    else
      [ cfg ];

  eachMember = f: x: if isAttrs x then mapAttrs (_: f) x else x;

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
      declsByName = byName (
        map (
          d:
          if isAttrs d.options then
            mapAttrs (_: o: { inherit (d) file; options = o; }) d.options
          else
            throw (words.declarationNotASet prefix d.options)
        ) decls
      );
      defsByName = byName (
        map (
          d:
          if isAttrs d.value then
            mapAttrs (_: value: {
              inherit (d) file;
              inherit value;
            }) d.value
          else
            throw (words.notASet { inherit prefix; inherit (d) file value; })
        ) defs
      );
      results = mapAttrs (
        name: ds:
        let
          loc = prefix ++ [ name ];
          here = defsByName.${name} or [ ];
          opts = filter (
            d:
            d.options ? _type
            && (
              isOption d.options
              || throw (
                words.notAnOption {
                  inherit loc;
                  inherit (d) file;
                  kind = d.options._type;
                }
              )
            )
          ) ds;
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
          throw (
            words.parentOfOptions {
              inherit loc;
              option = head opts;
              below = filter (d: !isOption d.options) ds;
            }
          )
      ) declsByName;
      strays = mapAttrs (
        name: map (d: d // { loc = prefix ++ [ name ]; })
      ) (removeAttrs defsByName (lib.attrNames declsByName));
    in
    {
      options = mapAttrs (_: r: r.options) results;
      # In the order of their names, whether they are below a declared set or not.
      unmatched = concatLists (lib.attrValues (mapAttrs (_: r: r.unmatched) results // strays));
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
          throw (words.declaredTwice { inherit loc; inherit (d) file; inherit (acc) declarations; })
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
          throw (
            words.readOnly loc (
              map (d: d // { value = (mergeDefinitions loc type [ d ]).mergedValue; }) (defaults ++ defs)
            )
          )
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
          (context (words.definitionsFrom d.file) (discharge d.value))
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
      fault = type.fault loc ordered;
    in
    rec {
      defs = ordered;
      inherit highestPrio;
      isDefined = ordered != [ ];
      mergedValue =
        if !isDefined then
          type.emptyValue.value or (throw (words.noValue loc))
        else if type ? fault && words.typesFindFaults then
          if fault == null then
            type.merge loc ordered
          else
            throw (words.wrongType { inherit loc type fault; defs = wrong; })
        else if wrong != [ ] then
          throw (words.wrongType { inherit loc type; defs = wrong; })
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
        config = context words.configInImports fullConfig;
        moduleType = result.type;
        _class = class;
        _prefix = prefix;
      }
      // specialArgs;
      collected = collectModules (toString (specialArgs.modulesPath or "")) (
        modules ++ [ internalModule ]
      ) args;
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
          parent = lib.init (lib.drop (length prefix) first.loc);
          message = words.missingOption {
            inherit (first) loc;
            def = first;
            siblings = lib.remove "_module" (lib.attrNames (lib.attrByPath parent { } options));
          };
        in
        if freeform != null || tree.unmatched == [ ] || !declared._module.check then
          true
        else
          throw (
            if lib.attrNames options == [ "_module" ] then words.noOptionsAtAll prefix message else message
          );
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
rec {
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

  # An option under an old name, whose definitions go to the new one.
  doRename =
    {
      from,
      to,
      visible,
      warn,
      use,
      withPriority ? true,
      condition ? true,
    }:
    { config, options, ... }:
    let
      old = lib.getAttrFromPath from options;
      new = lib.attrByPath to { } options;
      keep = if withPriority then mkOverride (old.highestPrio or defaultOverridePriority) else x: x;
    in
    {
      options = setAttrByPath from (
        lib.mkOption {
          inherit visible;
          type = new.type or (types.submodule { });
          description = "Alias of {option}`${showOption to}`.";
          apply = _: use (lib.attrByPath to (abort (words.renamedToNothing to)) config);
        }
      );
      config = mkIf condition (mkMerge [
        (
          if options ? warnings then
            { warnings = optional (warn && old.isDefined) (words.renamed from old.files to); }
          else
            { }
        )
        (mkIf old.isDefined (setAttrByPath to (mkMerge (map keep old.definitions))))
      ]);
    };
  mkAliasOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = true;
      warn = false;
      use = x: x;
    };
  mkRenamedOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = false;
      warn = true;
      use = builtins.trace (words.usedOldName from to);
    };
  mkRenamedOptionModuleWith = { from, to, sinceRelease }: mkRenamedOptionModule from to;
  # Options whose values make up the definition of one of another type.
  mkMergedOptionModule =
    from: to: merge:
    { config, options, ... }:
    let
      unset = "_mkMergedOptionModule";
      defined = filter (path: lib.getAttrFromPath path config != unset) from;
    in
    {
      options = foldl' lib.recursiveUpdate { } (
        map (
          path:
          setAttrByPath path (
            lib.mkOption {
              visible = false;
              default = unset;
            }
          )
        ) from
      );
      config = {
        warnings = map (path: words.changed path (lib.getAttrFromPath path options).files to) defined;
      }
      // setAttrByPath to (mkMerge (optional (defined != [ ]) (merge config)));
    };
  mkChangedOptionModule = from: mkMergedOptionModule [ from ];
  mkRemovedOptionModule =
    path: replacement:
    { options, ... }:
    {
      options = setAttrByPath path (
        lib.mkOption {
          visible = false;
          apply = _: throw (words.removed path replacement);
        }
      );
      config = words.definesRemoved {
        inherit path replacement;
        option = lib.getAttrFromPath path options;
      };
    };
}
