# lib.hm: activation entries ordered by name.
{ lib }:
rec {
  dag = rec {
    entryBetween = before: after: data: { inherit data before after; };
    entryAnywhere = entryBetween [ ] [ ];
    entryAfter = entryBetween [ ];
    entryBefore = before: entryBetween before [ ];
    isEntry = x: x ? data && x ? after && x ? before;

    # The names in an order that respects `before` and `after`, otherwise alphabetical.
    topoSort =
      entries:
      let
        names = lib.attrNames entries;
        needs =
          n:
          lib.filter (d: entries ? ${d}) (
            entries.${n}.after ++ lib.filter (o: lib.elem n entries.${o}.before) names
          );
        visit =
          path: seen: n:
          if lib.elem n path then
            throw "Dependency cycle in activation script: ${lib.concatStringsSep " -> " (path ++ [ n ])}"
          else if lib.elem n seen then
            seen
          else
            lib.foldl' (visit (path ++ [ n ])) seen (needs n) ++ [ n ];
      in
      map (name: {
        inherit name;
        inherit (entries.${name}) data;
      }) (lib.unique (lib.foldl' (visit [ ]) [ ] names));
  };

  types.dagOf =
    elemType:
    lib.types.attrsOf (
      lib.types.coercedTo elemType dag.entryAnywhere (
        lib.types.submodule {
          options = {
            data = lib.mkOption { type = elemType; };
            before = lib.mkOption {
              type = lib.types.listOf lib.types.str;
              default = [ ];
            };
            after = lib.mkOption {
              type = lib.types.listOf lib.types.str;
              default = [ ];
            };
          };
        }
      )
    );
}
