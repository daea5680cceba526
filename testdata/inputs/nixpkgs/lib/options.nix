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

  showOption =
    parts:
    let
      plain = [ "<name>" "*" "<function body>" ];
      show = p: if lib.elem p plain then p else lib.escapeNixIdentifier p;
    in
    concatStringsSep "." (map show parts);

  showFiles = files: lib.concatMapStringsSep " and " (f: "`${f}'") files;

  showDefs = concatMapStrings (
    def:
    let
      text = lib.generators.toPretty { } def.value;
      lines = splitString "\n" text;
      shown = concatStringsSep "\n    " (take 5 lines ++ lib.optional (length lines > 5) "...");
      ok = builtins.tryEval (builtins.deepSeq text text);
    in
    "\n- In `${def.file}'"
    + optionalString ok.success (if length lines == 1 then ": ${shown}" else ":\n    ${shown}")
  );

  getValues = map (d: d.value);
  getFiles = map (d: d.file);

  prioritySuggestion = ''
    Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.
  '';

  mergeEqualOption =
    loc: defs:
    if length defs == 1 then
      (head defs).value
    else
      (foldl' (
        first: def:
        if def.value != first.value then
          throw "The option `${showOption loc}' has conflicting definition values:${
            showDefs [
              first
              def
            ]
          }\n${prioritySuggestion}"
        else
          first
      ) (head defs) (tail defs)).value;

  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    { message ? "" }:
    loc: defs:
    if length defs == 1 then
      (head defs).value
    else
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${
        optionalString (message != "") "${message}\n"
      }Definition values:${showDefs defs}\n${prioritySuggestion}";

  # What an option without a type does with several definitions.
  mergeDefaultOption =
    loc: defs:
    let
      values = getValues defs;
    in
    if length values == 1 then
      head values
    else if all isFunction values then
      x: mergeDefaultOption loc (map (f: { file = ""; value = f x; }) values)
    else if all isList values then
      concatLists values
    else if all isAttrs values then
      foldl' (a: b: a // b) { } values
    else if all lib.isBool values then
      foldl' (a: b: a || b) false values
    else if all lib.isString values then
      lib.concatStrings values
    else
      throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";
}
