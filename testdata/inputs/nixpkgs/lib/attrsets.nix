# Attribute sets.
let
  inherit (import ./lists.nix)
    elemAt
    length
    head
    tail
    foldl'
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  mapAttrs' = f: set: listToAttrs (map (n: f n set.${n}) (attrNames set));
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: foldl' (a: b: a // b) { } (mapAttrsToList f set);
  filterAttrs = pred: set: removeAttrs set (builtins.filter (n: !pred n set.${n}) (attrNames set));
  getAttrs = names: set: genAttrs names (n: set.${n});
  attrVals = names: set: map (n: set.${n}) names;
  optionalAttrs = cond: set: if cond then set else { };
  mergeAttrs = a: b: a // b;
  mergeAttrsList = foldl' mergeAttrs { };
  foldlAttrs =
    f: init: set:
    foldl' (acc: n: f acc n set.${n}) init (attrNames set);
  updateManyAttrsByPath =
    updates: set:
    foldl' (
      acc: u:
      recursiveUpdate acc (setAttrByPath u.path (u.update (attrByPath u.path { } acc)))
    ) set updates;
  isDerivation = x: x.type or null == "derivation";
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if set ? ${head path} then
      attrByPath (tail path) default set.${head path}
    else
      default;
  hasAttrByPath =
    path: set: path == [ ] || (set ? ${head path} && hasAttrByPath (tail path) set.${head path});
  getAttrFromPath =
    path: set:
    attrByPath path (throw "cannot find attribute `${builtins.concatStringsSep "." path}'") set;
  setAttrByPath =
    path: value:
    let
      go = i: if i == length path then value else { ${elemAt path i} = go (i + 1); };
    in
    go 0;

  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    cond: f:
    let
      go =
        path:
        mapAttrs (
          n: v: if builtins.isAttrs v && cond v then go (path ++ [ n ]) v else f (path ++ [ n ]) v
        );
    in
    go [ ];
  collect =
    pred: x:
    if pred x then
      [ x ]
    else if builtins.isAttrs x then
      builtins.concatMap (collect pred) (attrValues x)
    else
      [ ];
  recursiveUpdateUntil =
    stop: lhs: rhs:
    let
      go =
        path:
        zipAttrsWith (
          n: vs:
          let
            here = path ++ [ n ];
            r = head vs;
            l = elemAt vs 1;
          in
          if length vs == 1 || stop here l r then r else go here [ r l ]
        );
    in
    go [ ] [ rhs lhs ];
  recursiveUpdate = recursiveUpdateUntil (_: l: r: !(builtins.isAttrs l && builtins.isAttrs r));
  zipAttrs = zipAttrsWith (_: vs: vs);
  foldAttrs =
    op: nul: sets:
    zipAttrsWith (_: vs: (import ./lists.nix).foldr op nul vs) sets;

  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getOutput = output: pkg: pkg.${output} or pkg.out or pkg;
  getExe = pkg: getExe' pkg (pkg.meta.mainProgram or (pkg.pname or (builtins.parseDrvName pkg.name).name));
  getExe' = pkg: name: "${getBin pkg}/bin/${name}";
  getName = x: x.pname or (builtins.parseDrvName (x.name or x)).name;
  getVersion = x: x.version or (builtins.parseDrvName (x.name or x)).version;
}
