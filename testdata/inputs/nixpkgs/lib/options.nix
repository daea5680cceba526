# Declaring options, and merging definitions.
{ lib }:
let
  inherit (lib)
    all
    concatLists
    concatMapStrings
    concatStringsSep
    foldl'
    head
    isAttrs
    isFunction
    isList
    length
    optionalString
    splitString
    tail
    take
    ;
in
rec {
  mkOption = attrs: attrs // { _type = "option"; };
  isOption = x: x._type or "" == "option";
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  literalMD = literalExpression;
  mdDoc = x: x;

  mkEnableOption =
    name:
    mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = "Whether to enable ${name}.";
    };

  mkPackageOption =
    pkgs: name:
    {
      default ? name,
      nullable ? false,
      extraDescription ? "",
      example ? null,
      pkgsText ? "pkgs",
    }:
    mkOption {
      type = if nullable then lib.types.nullOr lib.types.package else lib.types.package;
      description = "The ${if isList name then concatStringsSep "." name else name} package to use.";
    }
    // (
      if default == null then
        { default = null; }
      else
        {
          default =
            lib.attrByPath (lib.toList default)
              (throw "${concatStringsSep "." (lib.toList default)} cannot be found in ${pkgsText}")
              pkgs;
        }
    )
    // {
      _type = "option";
    };

  showOption = parts: concatStringsSep "." (map lib.words.pathComponent parts);

  showFiles = files: lib.concatMapStringsSep " and " (f: "`${f}'") files;

  # Definitions with their files. Of a long value the first lines are shown, and of one that
  # throws nothing.
  showDefs = concatMapStrings (
    def:
    let
      shallow = lib.generators.withRecursion {
        depthLimit = 10;
        throwOnDepthLimit = false;
      };
      text = builtins.tryEval (lib.generators.toPretty { } (shallow def.value));
      lines = splitString "\n" text.value;
      shown = concatStringsSep "\n    " (take 5 lines ++ lib.optional (length lines > 5) "...");
    in
    "\n- In `${def.file}'"
    + optionalString text.success (if length lines == 1 then ": ${shown}" else ":\n    ${shown}")
  );

  getValues = map (d: d.value);
  getFiles = map (d: d.file);

  mergeEqualOption =
    loc: defs:
    (foldl' (
      first: other:
      if other.value != first.value then
        throw (lib.words.conflict { inherit loc first other defs; })
      else
        first
    ) (head defs) (tail defs)).value;

  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    {
      message ? "",
      merge ? _: defs: (head defs).value,
    }:
    loc: defs:
    if length defs == 1 then
      merge loc defs
    else
      throw (lib.words.notUnique { inherit loc defs message; });

  # What an option without a type does with several definitions.
  mergeDefaultOption =
    loc: defs:
    let
      values = getValues defs;
    in
    if length values == 1 then
      head values
    else if all isFunction values then
      x: mergeDefaultOption loc (map (d: d // { value = d.value x; }) defs)
    else if all isList values then
      concatLists values
    else if all isAttrs values then
      foldl' (a: b: a // b) { } values
    else if all lib.isBool values then
      foldl' (a: b: a || b) false values
    else if all lib.isString values then
      lib.concatStrings values
    else if all lib.isInt values && all (v: v == head values) values then
      head values
    else
      throw (lib.words.cannotMerge loc defs);
}
