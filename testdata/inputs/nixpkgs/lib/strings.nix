# Strings.
let
  inherit (import ./lists.nix)
    imap1
    genList
    max
    min
    foldl'
    id
    ;
in
rec {
  inherit (builtins)
    concatStringsSep
    isString
    match
    replaceStrings
    split
    stringLength
    substring
    toFile
    typeOf
    unsafeDiscardStringContext
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatMapStringsSep =
    sep: f: xs:
    concatStringsSep sep (map f xs);
  concatImapStringsSep =
    sep: f: xs:
    concatStringsSep sep (imap1 f xs);
  concatLines = concatMapStrings (s: s + "\n");
  concatMapAttrsStringSep =
    sep: f: set:
    concatStringsSep sep (map (n: f n set.${n}) (builtins.attrNames set));
  intersperse =
    sep: xs:
    builtins.tail (
      builtins.concatMap (x: [
        sep
        x
      ]) ([ ] ++ xs)
    );
  optionalString = cond: s: if cond then s else "";
  stringToCharacters = s: genList (i: substring i 1 s) (stringLength s);
  splitString =
    sep: s:
    builtins.filter builtins.isString (split (escapeRegex (toString sep)) (toString s));
  hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
  hasSuffix =
    suffix: s:
    let
      n = stringLength s;
      m = stringLength suffix;
    in
    n >= m && substring (n - m) m s == suffix;
  hasInfix = infix: s: builtins.match ".*${escapeRegex infix}.*" (toString s) != null || stringLength infix == 0;
  removePrefix =
    prefix: s:
    if hasPrefix prefix s then substring (stringLength prefix) (-1) s else s;
  removeSuffix =
    suffix: s:
    if hasSuffix suffix s then substring 0 (stringLength s - stringLength suffix) s else s;
  trim = s: builtins.elemAt (match "[ \t\r\n]*(.*[^ \t\r\n])?[ \t\r\n]*" s) 0;
  toLower = replaceStrings (stringToCharacters upper) (stringToCharacters lower);
  toUpper = replaceStrings (stringToCharacters lower) (stringToCharacters upper);
  toSentenceCase = s: toUpper (substring 0 1 s) + substring 1 (-1) s;
  upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  lower = "abcdefghijklmnopqrstuvwxyz";
  escape = chars: replaceStrings chars (map (c: "\\${c}") chars);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeShellArg =
    arg:
    let
      s = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" s == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] s}'"
    else
      s;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixIdentifier =
    s: if match "[a-zA-Z_][a-zA-Z0-9_'-]*" s != null then s else builtins.toJSON s;
  escapeXML =
    replaceStrings
      [ "\"" "'" "<" ">" "&" ]
      [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  fixedWidthString =
    width: filler: s:
    concatStrings (genList (_: filler) (max 0 (width - stringLength s))) + s;
  toInt = s: builtins.fromJSON s;
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !versionOlder a b;
  versions = {
    major = v: builtins.head (builtins.splitVersion v);
    majorMinor = v: concatStringsSep "." (genList (builtins.elemAt (builtins.splitVersion v)) 2);
  };
  # The characters of a store path's name; everything else becomes a dash.
  sanitizeDerivationName =
    s:
    let
      parts = split "[^[:alnum:]+._?=-]+" (unsafeDiscardStringContext (toString s));
      clean = concatMapStrings (p: if builtins.isList p then "-" else p) parts;
      bare = if hasPrefix "." clean then substring 1 (-1) clean else clean;
    in
    if bare == "" then "unknown" else substring (max 0 (stringLength bare - 207)) (-1) bare;
  makeBinPath = concatMapStringsSep ":" (p: "${p}/bin");
  makeSearchPath =
    dir: concatMapStringsSep ":" (p: "${p}/${dir}");
  isStringLike = x: builtins.isString x || builtins.isPath x || (builtins.isAttrs x && (x ? outPath || x ? __toString));
  isStorePath =
    x:
    isStringLike x && hasPrefix builtins.storeDir (toString x) && dirOf (toString x) == builtins.storeDir;
  fileContents = file: removeSuffix "\n" (builtins.readFile file);
  sourceFilter = id;

  # A readable Nix value, for error messages and generated files.
  generators = {
    toPretty =
      { multiline ? true, ... }:
      let
        go =
          depth: indent: v:
          let
            nl = if multiline then "\n${indent}" else " ";
            nlIn = if multiline then "\n${indent}  " else " ";
            inner = go (depth + 1) (indent + "  ");
          in
          if depth > 10 then
            "<unevaluated>"
          else if builtins.isString v then
            "\"${escape [ "\"" "\\" ] (replaceStrings [ "\${" "\n" ] [ "\\\${" "\\n" ] v)}\""
          else if builtins.isBool v then
            (if v then "true" else "false")
          else if v == null then
            "null"
          else if builtins.isInt v || builtins.isPath v then
            toString v
          else if builtins.isFloat v then
            "~${toString v}"
          else if builtins.isFunction v then
            "<function>"
          else if builtins.isList v then
            if v == [ ] then "[ ]" else "[" + nlIn + concatMapStringsSep nlIn inner v + nl + "]"
          else if v.type or null == "derivation" then
            "<derivation ${v.name or "???"}>"
          else if v == { } then
            "{ }"
          else
            "{"
            + nlIn
            + concatStringsSep nlIn (map (n: "${escapeNixIdentifier n} = ${inner v.${n}};") (builtins.attrNames v))
            + nl
            + "}";
      in
      go 0 "";

    toJSON = _: builtins.toJSON;
    mkValueStringDefault =
      _: v:
      if v == true then
        "true"
      else if v == false then
        "false"
      else if v == null then
        "null"
      else
        toString v;
    mkKeyValueDefault =
      { mkValueString ? generators.mkValueStringDefault { } }:
      sep: k: v:
      "${escape [ sep ] k}${sep}${mkValueString v}";
    toKeyValue =
      {
        mkKeyValue ? generators.mkKeyValueDefault { } "=",
        listsAsDuplicateKeys ? false,
        indent ? "",
      }:
      set:
      concatLines (
        builtins.concatMap (
          k:
          map (v: indent + mkKeyValue k v) (
            if listsAsDuplicateKeys && builtins.isList set.${k} then set.${k} else [ set.${k} ]
          )
        ) (builtins.attrNames set)
      );
    toINI =
      {
        mkSectionName ? escape [ "[" "]" ],
        mkKeyValue ? generators.mkKeyValueDefault { } "=",
        listsAsDuplicateKeys ? false,
      }:
      sections:
      concatMapStringsSep "\n" (
        name:
        "[${mkSectionName name}]\n"
        + generators.toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } sections.${name}
      ) (builtins.attrNames sections);
    # Git's own form: subsections in quotes, tabs before keys.
    toGitINI =
      sections:
      let
        value = v: if builtins.isString v then "\"${escape [ "\\" "\"" ] v}\"" else generators.mkValueStringDefault { } v;
        line = k: v: "\t${k} = ${value v}\n";
        section =
          title: set:
          let
            plain = builtins.filter (k: !builtins.isAttrs set.${k}) (builtins.attrNames set);
            subs = builtins.filter (k: builtins.isAttrs set.${k}) (builtins.attrNames set);
            lines = concatMapStrings (k: concatMapStrings (line k) (if builtins.isList set.${k} then set.${k} else [ set.${k} ])) plain;
          in
          optionalString (lines != "") "[${title}]\n${lines}\n"
          + concatMapStrings (k: section "${title} \"${k}\"" set.${k}) subs;
      in
      concatMapStrings (name: section name sections.${name}) (builtins.attrNames sections);
  };
  fold' = foldl';
  toPretty = generators.toPretty;
  cutAt = n: s: substring 0 (min n (stringLength s)) s;
}
