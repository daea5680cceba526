# What the module system, lib.warn and the checks of packages say, in the words of three
# releases of nixpkgs. The words are those of the real one, because the logs that flakeci reads
# hold them; ../../../words/ has recordings of the real ones. `lib.wordedAs."18.09"` is this lib
# in the words of that release.
{ lib }:
let
  inherit (lib)
    concatMapStrings
    concatMapStringsSep
    concatStringsSep
    elem
    escapeNixIdentifier
    head
    init
    last
    length
    optionalString
    showDefs
    showFiles
    showOption
    take
    ;

  filesOf = defs: showFiles (lib.getFiles defs);
  quote = lib.escapeNixString;

  esc = builtins.fromJSON "\"\\u001b\"";
  color = code: text: "${esc}[${code}m${text}${esc}[0m";
  bold = color "1";
  bad = color "1;35";
  good = color "1;32";

  prioritySuggestion = ''
    Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.
  '';

  # The value of a definition without an option.
  shownStray =
    loc: def:
    builtins.addErrorContext
      "while evaluating the error message for definitions for `${showOption loc}', which is an option that does not exist"
      (builtins.addErrorContext "while evaluating a definition from `${def.file}'" (showDefs [ def ]));

  # The names of options next to a misspelled one that are most like it.
  similar =
    wrong: names:
    let
      near = if length names < 100 then names else lib.filter (lib.levenshteinAtMost 2 wrong) names;
    in
    take 3 (lib.sortOn (lib.levenshtein wrong) near);

  didYouMean =
    parent: names:
    let
      shown = map (name: "`${showOption (parent ++ [ name ])}'") names;
    in
    if names == [ ] then
      ""
    else if length names == 1 then
      "\n\nDid you mean ${head shown}?"
    else
      "\n\nDid you mean ${concatStringsSep ", " (init shown)} or ${last shown}?";

  # What to set to allow a package all the same.
  impure = "\n   Note: When using `nix shell`, `nix build`, `nix develop`, etc with a flake,\n         then pass `--impure` in order to allow use of environment variables.\n    ";
  allow =
    { option, variable, what, more ? "" }:
    ''
      a) To temporarily allow ${what}, you can use an environment variable
         for a single invocation of the nix tools.

           $ export ${variable}=1
           ${impure}
      b) For `nixos-rebuild` you can set
        { nixpkgs.config.${option} = true; }
      in configuration.nix to override this.
      ${more}
      c) For `nix-env`, `nix-build`, `nix-shell` or any other Nix command you can add
        { ${option} = true; }
      to ~/.config/nixpkgs/config.nix.
    '';

  now = {
    # A component of an option's path.
    pathComponent = name: if name == "*" || lib.match "<.*>" name != null then name else escapeNixIdentifier name;

    # ── Options ────────────────────────────────────────────────────────────────────────────────

    # `siblings` are the options next to where the missing one would be.
    missingOption =
      { loc, def, siblings }:
      "The option `${showOption loc}' does not exist. Definition values:${shownStray loc def}${didYouMean (init loc) (similar (last loc) siblings)}";
    noOptionsAtAll =
      prefix: message:
      if prefix == [ ] then
        "${message}\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n"
      else
        "${message}\n\nHowever there are no options defined in `${showOption prefix}'. Are you sure you've\ndeclared your options properly? This can happen if you e.g. declared your options in `types.submodule'\nunder `config' rather than `options'.\n";
    noValue = loc: "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.";
    # `defs` are those of the wrong type. Types that check their members have a `fault`.
    wrongType =
      { loc, type, defs, fault ? null }:
      "A definition for option `${showOption loc}' is not of type `${type.description}'. ${
        if fault == null then "Definition values:${showDefs defs}" else "TypeError: ${fault}"
      }";
    conflict =
      { loc, first, other, defs }:
      "The option `${showOption loc}' has conflicting definition values:${showDefs [ first other ]}\n${prioritySuggestion}";
    notUnique =
      { loc, defs, message }:
      "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\n${prioritySuggestion}";
    readOnly =
      loc: defs:
      "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${showDefs defs}";
    cannotMerge = loc: defs: "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";
    nullAndNot = loc: defs: "The option `${showOption loc}` is defined both null and not null, in ${filesOf defs}.";
    typesDiffer = loc: defs: "The option `${showOption loc}' has conflicting option types in ${filesOf defs}";
    declaredTwice =
      { loc, file, declarations }:
      "The option `${showOption loc}' in `${file}' is already declared in ${showFiles declarations}.";
    # An option, and options below it.
    parentOfOptions =
      { loc, option, below }:
      "The option `${showOption loc}' in module `${option.file}' would be a parent of the following options, but its type `${
        option.options.type.description or "<no description>"
      }' does not support nested options.\n${
        concatStringsSep "\n" (
          lib.sort lib.lessThan (
            lib.concatMap (
              d:
              map (name: " - option(s) with prefix `${showOption (loc ++ [ name ])}' in module `${d.file}'") (
                lib.attrNames d.options
              )
            ) below
          )
        )
      }";
    notASet =
      { prefix, file, value }:
      ''
        In module `${file}', you're trying to define a value of type `${builtins.typeOf value}'
        rather than an attribute set for the option
        `${concatStringsSep "." prefix}'!

        This usually happens if `${concatStringsSep "." prefix}' has option
        definitions inside that are not matched. Please check how to properly define
        this option by e.g. referring to `man 5 configuration.nix'!
      '';
    declarationNotASet = prefix: value: ''
      An option declaration for `${concatStringsSep "." prefix}' has type
      `${builtins.typeOf value}' rather than an attribute set.
      Did you mean to define this outside of `options'?
    '';
    # Something with a _type other than that of an option among the declarations.
    notAnOption =
      { loc, file, kind }:
      "In module ${file}: expected an option declaration at option path `${showOption loc}` but got an attribute set with type ${kind}"
      + optionalString (kind == "option-type") ''


        When declaring an option, you must wrap the type in a `mkOption` call. It should look somewhat like:
            ${optionalString (length loc > 1) "\n    # ${showOption loc}"}
            ${escapeNixIdentifier (last loc)} = lib.mkOption {
              description = ...;
              type = <the type you wrote for ${escapeNixIdentifier (last loc)}>;
              ...
            };
      '';
    # The fault of definitions that no choice of `either` fits.
    neither =
      { loc, first, second, defs }:
      "The option `${showOption loc}` is neither a value of type `${first.description}` nor `${second.description}`, Definition values: ${showDefs defs}";
    wrongDefinitions = defs: "Definition values: ${showDefs defs}";

    # ── Modules ────────────────────────────────────────────────────────────────────────────────

    definitionsFrom = file: "while evaluating definitions from `${file}':";
    argument = name: key: "while evaluating the module argument `${name}' in \"${key}\":";
    argumentOfOption =
      name: "noting that argument `${name}` is not externally provided, so querying `_module.args` instead, requiring `config`";
    configInImports = "if you get an infinite recursion here, you probably reference `config` in `imports`. If you are trying to achieve a conditional import behavior dependent on `config`, consider importing unconditionally, and using `mkEnableOption` and `mkIf` to control its effect.";
    badTopLevel =
      key: names:
      "Module `${key}' has an unsupported attribute `${head names}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString names}) into the explicit `config' attribute.";
    listInImports = def: "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${showDefs [ def ]}";
    notAModule = file: key: "module ${file} (${key}) does not look like a module.";
    # A value of another kind, such as a whole flake, among the modules.
    wrongKind =
      { kind, file, prefix, class }:
      concatStringsSep "\n\n" (
        [
          "Expected a module, but found a value of type ${bad (quote kind)}${
            optionalString (file != null) ", while trying to load a module into ${file}"
          }${
            optionalString (prefix != [ ]) ", while trying to load a module into ${bold (showOption prefix)}"
          }.\nA module is typically loaded by adding it to the ${bold "imports = [ ... ];"} attribute of an existing module, or in the ${bold "modules = [ ... ];"} argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value."
        ]
        ++ lib.optional (kind == "configuration") "If you really mean to import this configuration, instead please only import the modules that make up the configuration.\nYou may have to create a `let` binding, file or attribute to give yourself access to the relevant modules.\nWhile loading a configuration into the module system is a very sensible idea, it can not be done cleanly in practice."
        ++ lib.optional (kind == "flake") (
          "Perhaps you forgot to select an attribute name?\nInstead of, for example,\n    ${bad "inputs.someflake"}\nyou need to write something like\n    ${bad "inputs.someflake"}${
            good (if class == null then ".modules.someApp.default" else ".modules.${class}.default")
          }"
          + optionalString (elem class [ "nixos" "darwin" ]) "\nor\n    ${bad "inputs.someflake"}${good ".${class}Modules.default"}"
        )
      );
    wrongClass =
      { module, class, expected }:
      ''
        The module `${module}` (class: ${quote class}) cannot be imported into a module evaluation that expects class ${quote expected}.

        Help:
        - Ensure that you are importing the correct module.
        - Verify that the module's `_class`, ${quote class} matches the expected `class` ${quote expected}.
        - If you are using a custom class, make sure it is correctly defined and used consistently across your modules.
      '';

    renamed = from: files: to: "The option `${showOption from}' defined in ${showFiles files} has been renamed to `${showOption to}'.";
    usedOldName = from: to: "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    renamedToNothing = to: "Renaming error: option `${showOption to}' does not exist.";
    changed = from: files: to: "The option `${showOption from}' defined in ${showFiles files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly.";
    removed = path: replacement: "The option `${showOption path}' can no longer be used since it's been removed. ${replacement}";
    # What a definition of a removed option adds to the configuration.
    definesRemoved =
      { path, option, replacement }:
      {
        assertions = [
          {
            assertion = !option.isDefined;
            message = "The option definition `${showOption path}' in ${showFiles option.files} no longer has any effect; please remove it.\n${replacement}\n";
          }
        ];
      };
    failedAssertions = messages: "\nFailed assertions:\n${concatMapStringsSep "\n" (m: "- ${m}") messages}";

    # ── Types ──────────────────────────────────────────────────────────────────────────────────

    # Whether types such as listOf and either look at all definitions and say themselves what is
    # wrong with them.
    typesFindFaults = true;
    # A type in the description of another, in brackets unless it is of these classes.
    phrase = classes: type: if elem (type.descriptionClass or "") classes then type.description else "(${type.description})";
    # The type of the members of a list or a set.
    members = now.phrase [ "noun" "composite" ];
    # A choice between two types.
    choice =
      a: b:
      if a.descriptionClass == "nonRestrictiveClause" then
        "${a.description}, or ${now.phrase [ "noun" "conjunction" ] b}"
      else
        "${now.phrase [ "noun" "conjunction" ] a} or ${now.phrase [ "noun" "conjunction" "composite" ] b}";
    # A submodule that also takes definitions without an option.
    openSubmodule = freeform: "open submodule of ${now.members freeform}";
    path = "absolute path";
    separatedString = separator: "strings concatenated with ${quote separator}";
    enum =
      values:
      if values == [ ] then
        "impossible (empty enum)"
      else if length values == 1 then
        "value ${head values} (singular enum)"
      else
        "one of ${concatStringsSep ", " values}";

    # ── Warnings ───────────────────────────────────────────────────────────────────────────────

    warn = builtins.warn or (message: builtins.trace "${bad "evaluation warning:"} ${message}");
    showWarning = now.warn;

    # ── Packages ───────────────────────────────────────────────────────────────────────────────

    unfree = {
      what = license: "has an unfree license (‘${license}’)";
      advice =
        { pname, ... }:
        allow {
          option = "allowUnfree";
          variable = "NIXPKGS_ALLOW_UNFREE";
          what = "unfree packages";
          more = "\nAlternatively you can configure a predicate to allow specific packages:\n  { nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [\n      \"${pname}\"\n    ];\n  }\n";
        };
    };
    unsupported = {
      what =
        { platform, platforms, badPlatforms }:
        let
          pretty = lib.generators.toPretty { indent = "  "; };
        in
        ''
          is not available on the requested hostPlatform:
            hostPlatform.system = "${platform.system}"
            package.meta.platforms = ${pretty platforms}
            package.meta.badPlatforms = ${pretty badPlatforms}
        '';
      advice =
        _:
        allow {
          option = "allowUnsupportedSystem";
          variable = "NIXPKGS_ALLOW_UNSUPPORTED_SYSTEM";
          what = "packages that are unsupported for this system";
        };
    };
    broken = {
      what = "has problems:\n- broken: This package is broken.\n";
      advice = { pname, ... }: ''
        See also https://nixos.org/manual/nixpkgs/unstable#sec-problems
        To allow evaluation regardless, use:
        - Nixpkgs import: import nixpkgs { config = <below code>; }
        - NixOS: nixpkgs.config = <below code>;
        - nix-* commands: Put below code in ~/.config/nixpkgs/config.nix

          {
            problems.handlers = {
              ${escapeNixIdentifier pname}.broken = "warn"; # or "ignore"
            };
          }
      '';
    };
    insecure = {
      what = "is marked as insecure";
      advice =
        { name, issues, ... }:
        ''

          Known issues:
          ${concatMapStrings (issue: " - ${issue}\n") issues}
          You can install it anyway by allowing this package, using the
          following methods:

          a) To temporarily allow all insecure packages, you can use an environment
             variable for a single invocation of the nix tools:

               $ export NIXPKGS_ALLOW_INSECURE=1
               ${impure}
          b) for `nixos-rebuild` you can add ‘${name}’ to
             `nixpkgs.config.permittedInsecurePackages` in the configuration.nix,
             like so:

               {
                 nixpkgs.config.permittedInsecurePackages = [
                   "${name}"
                 ];
               }

          c) For `nix-env`, `nix-build`, `nix-shell` or any other Nix command you can add
             ‘${name}’ to `permittedInsecurePackages` in
             ~/.config/nixpkgs/config.nix, like so:

               {
                 permittedInsecurePackages = [
                   "${name}"
                 ];
               }

        '';
    };
    refusal =
      { name, position, why, advice }:
      "Refusing to evaluate package '${name}' in ${position} because it ${why}${
        optionalString (advice != "") "\n${advice}"
      }";
  };

  may2024 = now // {
    missingOption =
      { loc, def, ... }:
      "The option `${showOption loc}' does not exist. Definition values:${shownStray loc def}";
    noValue = loc: "The option `${showOption loc}' is used but not defined.";
    argumentOfOption = _: null;
    configInImports = null;
    wrongKind =
      { kind, file, ... }:
      "Could not load a value as a module, because it is of type ${quote kind}${
        optionalString (file != null) ", in file ${file}."
      }${
        optionalString (kind == "configuration") " If you do intend to import this configuration, please only import the modules that make up the configuration. You may have to create a `let` binding, file or attribute to give yourself access to the relevant modules.\nWhile loading a configuration into the module system is a very sensible idea, it can not be done cleanly in practice."
      }";
    wrongClass = { module, class, expected }: "The module ${module} was imported into ${expected} instead of ${class}.";
    # Lists are those of types.anything.
    conflict =
      { loc, first, defs, ... }@said:
      if lib.isList first.value then
        "The option `${showOption loc}' has conflicting definitions, in ${filesOf defs}."
      else
        now.conflict said;
    typesFindFaults = false;
    openSubmodule = freeform: freeform.description;
    path = "path";
    warn = message: builtins.trace (color "1;31" "warning: ${message}");
    showWarning = may2024.warn;
    unsupported = now.unsupported // {
      what =
        { platform, platforms, badPlatforms }:
        lib.replaceStrings [ "hostPlatform.system = \"${platform.system}\"" ] [
          "hostPlatform.config = \"${platform.config}\""
        ] (now.unsupported.what { inherit platform platforms badPlatforms; });
    };
    broken = {
      what = "is marked as broken";
      advice =
        _:
        allow {
          option = "allowBroken";
          variable = "NIXPKGS_ALLOW_BROKEN";
          what = "broken packages";
        };
    };
    refusal = { name, position, why, advice }: "Package ‘${name}’ in ${position} ${why}, refusing to evaluate.\n\n${advice}";
  };

  oldAdvice = option: ''
    a) For `nixos-rebuild` you can set
      { nixpkgs.config.${option} = true; }
    in configuration.nix to override this.

    b) For `nix-env`, `nix-build`, `nix-shell` or any other Nix command you can add
      { ${option} = true; }
    to ~/.config/nixpkgs/config.nix.
  '';

  september2018 = may2024 // {
    missingOption = { loc, def, ... }: "The option `${showOption loc}' defined in `${def.file}' does not exist.";
    noOptionsAtAll = _: message: message;
    wrongType =
      { loc, type, defs, ... }:
      "The option value `${showOption loc}' in `${(head defs).file}' is not of type `${type.description}'.";
    # Only Booleans could be defined twice.
    conflict =
      { loc, first, defs, ... }:
      if lib.isBool first.value then
        "The option `${showOption loc}' has conflicting definitions, in ${filesOf defs}."
      else
        september2018.notUnique { inherit loc defs; };
    notUnique = { loc, defs, ... }: "The unique option `${showOption loc}' is defined multiple times, in ${filesOf defs}.";
    readOnly = loc: _: "The option `${showOption loc}' is read-only, but it's set multiple times.";
    cannotMerge = loc: defs: "Cannot merge definitions of `${showOption loc}' given in ${filesOf defs}.";
    parentOfOptions =
      { loc, option, below }:
      "The option `${showOption loc}' in `${option.file}' is a prefix of options in `${(head below).file}'.";
    pathComponent = name: name;
    definitionsFrom = _: null;
    badTopLevel =
      key: names:
      "Module `${key}' has an unsupported attribute `${head names}'. This is caused by assignments to the top-level attributes `config' or `options'.";
    definesRemoved =
      { path, option, replacement }:
      {
        warnings = lib.optional option.isDefined "The option definition `${showOption path}' in ${showFiles option.files} no longer has any effect; please remove it.\n${replacement}";
      };
    phrase = _: type: type.description;
    members = type: "${type.description}s";
    choice = a: b: "${a.description} or ${b.description}";
    openSubmodule = _: "submodule";
    separatedString = _: "string";
    enum = values: "one of ${concatStringsSep ", " values}";
    warn = message: builtins.trace "WARNING: ${message}";
    unfree = now.unfree // { advice = _: oldAdvice "allowUnfree"; };
    broken = may2024.broken // { advice = _: oldAdvice "allowBroken"; };
    unsupported = {
      what = { platform, ... }: "is not supported on ‘${platform.config}’";
      advice = _: oldAdvice "allowUnsupportedSystem";
    };
    insecure = now.insecure // {
      advice =
        { name, issues, ... }:
        ''

          Known issues:
          ${concatMapStrings (issue: " - ${issue}\n") issues}
          You can install it anyway by whitelisting this package, using the
          following methods:

          a) for `nixos-rebuild` you can add ‘${name}’ to
             `nixpkgs.config.permittedInsecurePackages` in the configuration.nix,
             like so:

               {
                 nixpkgs.config.permittedInsecurePackages = [
                   "${name}"
                 ];
               }

          b) For `nix-env`, `nix-build`, `nix-shell` or any other Nix command you can add
          ‘${name}’ to `permittedInsecurePackages` in
          ~/.config/nixpkgs/config.nix, like so:

               {
                 permittedInsecurePackages = [
                   "${name}"
                 ];
               }

        '';
    };
  };
in
{
  "18.09" = september2018;
  "24.05" = may2024;
  "26.05" = now;
}
