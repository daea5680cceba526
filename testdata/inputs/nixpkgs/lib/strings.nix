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
  escapeNixString = s: escape [ "$" ] (builtins.toJSON s);
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

  # How many characters must be inserted, removed or replaced to make one string the other.
  levenshtein =
    a: b:
    let
      target = stringToCharacters b;
      columns = genList id (stringLength b);
      # The distances from the beginning of `a` that ends with `char` to each beginning of `b`;
      # `above` are those of the beginning without it.
      row =
        above: char:
        foldl' (
          done: i:
          let
            replaced = builtins.elemAt above i + (if builtins.elemAt target i == char then 0 else 1);
            changed = 1 + min (builtins.elemAt done i) (builtins.elemAt above (i + 1));
          in
          done ++ [ (min replaced changed) ]
        ) [ (builtins.head above + 1) ] columns;
    in
    builtins.elemAt (foldl' row (genList id (stringLength b + 1)) (stringToCharacters a)) (stringLength b);
  levenshteinAtMost =
    limit: a: b:
    max (stringLength a - stringLength b) (stringLength b - stringLength a) <= limit && levenshtein a b <= limit;

  # Readable Nix values, for error messages and generated files.
  generators = {
    # A value with "<unevaluated>" in place of what is nested too deep.
    withRecursion =
      { depthLimit, throwOnDepthLimit ? true }:
      let
        tooDeep =
          if throwOnDepthLimit then
            throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
          else
            "<unevaluated>";
        untouched = [ "__functor" "__functionArgs" "__toString" "__pretty" ];
        go =
          depth: v:
          let
            inner = x: if depth == depthLimit then tooDeep else go (depth + 1) x;
          in
          if builtins.isAttrs v then
            builtins.mapAttrs (name: x: if builtins.elem name untouched then x else inner x) v
          else if builtins.isList v then
            map inner v
          else if depth == depthLimit then
            tooDeep
          else
            v;
      in
      go 0;
    toPretty =
      {
        multiline ? true,
        allowPrettyValues ? false,
        indent ? "",
      }:
      let
        go =
          indent: v:
          let
            nl = if multiline then "\n${indent}" else " ";
            nlIn = if multiline then "\n${indent}  " else " ";
            inner = go (indent + "  ");
            several = open: close: items: open + nlIn + concatStringsSep nlIn items + nl + close;
            member = name: "${escapeNixIdentifier name} = ${
              builtins.addErrorContext "while evaluating an attribute `${name}`" (inner v.${name})
            };";
            # A function may also be a set that can be called.
            function = builtins.isFunction v || v ? __functor;
            arguments = if builtins.isFunction v then builtins.functionArgs v else v.__functionArgs or { };
            argument = name: name + optionalString arguments.${name} "?";
          in
          if builtins.isString v then
            if multiline && hasInfix "\n" v then
              let
                lines = splitString "\n" (replaceStrings [ "\${" "''" ] [ "''\${" "'''" ] v);
                rest = builtins.elemAt lines (builtins.length lines - 1);
                whole = genList (builtins.elemAt lines) (builtins.length lines - 1);
              in
              "''" + nlIn + concatStringsSep nlIn whole + (if rest == "" then nl else nlIn + rest) + "''"
            else
              "\"${replaceStrings [ "\n" ] [ "\\n" ] (escape [ "\\" "\"" "\${" ] v)}\""
          else if builtins.isBool v then
            (if v then "true" else "false")
          else if v == null then
            "null"
          else if builtins.isInt v || builtins.isPath v then
            toString v
          else if builtins.isFloat v then
            builtins.toJSON v
          else if builtins.isList v then
            if v == [ ] then "[ ]" else several "[" "]" (map inner v)
          else if function then
            if arguments == { } then
              "<function>"
            else
              "<function, args: {${concatMapStringsSep ", " argument (builtins.attrNames arguments)}}>"
          else if allowPrettyValues && v ? __pretty && v ? val then
            v.__pretty v.val
          else if v == { } then
            "{ }"
          else if v.type or null == "derivation" then
            "<derivation ${v.name or "???"}>"
          else
            several "{" "}" (map member (builtins.attrNames v));
      in
      go indent;

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
}
