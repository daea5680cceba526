# Lists, functions and numbers.
rec {
  inherit (builtins)
    add
    all
    any
    bitAnd
    concatLists
    concatMap
    deepSeq
    elem
    elemAt
    filter
    foldl'
    fromJSON
    functionArgs
    genList
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    length
    lessThan
    map
    partition
    pathExists
    readFile
    seq
    sort
    tail
    toJSON
    trace
    tryEval
    groupBy
    ;

  id = x: x;
  const = x: _: x;
  flip =
    f: a: b:
    f b a;
  pipe = foldl' (x: f: f x);
  fix =
    f:
    let
      x = f x;
    in
    x;
  composeExtensions =
    f: g: final: prev:
    let
      first = f final prev;
    in
    first // g final (prev // first);
  composeManyExtensions = foldr composeExtensions (_: _: { });
  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = a: b: a - b * (a / b);
  boolToString = b: if b then "true" else "false";
  importJSON = path: fromJSON (readFile path);
  importTOML = path: builtins.fromTOML (readFile path);
  throwIf = cond: msg: if cond then throw msg else id;
  throwIfNot = cond: throwIf (!cond);
  assertMsg = ok: msg: if ok then true else throw msg;
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };

  singleton = x: [ x ];
  toList = x: if isList x then x else [ x ];
  optional = cond: x: if cond then [ x ] else [ ];
  optionals = cond: xs: if cond then xs else [ ];
  forEach = xs: f: map f xs;
  imap0 = f: xs: genList (n: f n (elemAt xs n)) (length xs);
  imap1 = f: xs: genList (n: f (n + 1) (elemAt xs n)) (length xs);
  range = from: to: if from > to then [ ] else genList (n: from + n) (to - from + 1);
  replicate = n: x: genList (_: x) n;
  last = xs: elemAt xs (length xs - 1);
  init = xs: take (length xs - 1) xs;
  # In the order of a key; equal ones stay as they are.
  sortOn =
    key: xs:
    map (x: x.value) (
      sort (a: b: a.key < b.key) (
        map (value: {
          inherit value;
          key = key value;
        }) xs
      )
    );
  take = n: xs: genList (elemAt xs) (min n (length xs));
  drop = n: xs: genList (i: elemAt xs (i + n)) (max 0 (length xs - n));
  reverseList =
    xs:
    let
      n = length xs;
    in
    genList (i: elemAt xs (n - i - 1)) n;
  foldl = foldl';
  foldr =
    f: nul: xs:
    let
      go = i: if i == length xs then nul else f (elemAt xs i) (go (i + 1));
    in
    go 0;
  fold = foldr;
  count = pred: xs: length (filter pred xs);
  remove = x: filter (y: y != x);
  subtractLists = gone: filter (x: !elem x gone);
  intersectLists = xs: filter (x: elem x xs);
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  findFirst =
    pred: default: xs:
    let
      found = filter pred xs;
    in
    if found == [ ] then default else head found;
  zipListsWith =
    f: xs: ys:
    genList (n: f (elemAt xs n) (elemAt ys n)) (min (length xs) (length ys));
  flatten = x: if isList x then concatMap flatten x else [ x ];
  crossLists = f: foldl' (fs: xs: concatMap (g: map g xs) fs) [ f ];
  naturalSort = sort lessThan;
}
