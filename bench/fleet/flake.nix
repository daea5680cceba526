# A synthetic fleet for `make bench`; fleet.json has its size. It needs no nixpkgs: the
# benchmarks measure Nix and the programs that drive it.
{
  outputs = { self }: let
    fleet = builtins.fromJSON (builtins.readFile ./fleet.json);
    inherit (builtins) bitAnd concatMap elem elemAt filter foldl' genList head length listToAttrs stringLength;
    numbers = genList (i: i + 1);

    # The cost of merging one option of a module: some attribute sets, strings and lists,
    # about a third of which live on in the result. 1500 options take 1 MB.
    option = i: let
      declared = { name = "option${toString i}"; value = i; enable = true; prio = 100; loc = [ ]; };
      defined = { value = declared.value + 1; loc = [ declared.name ]; };
    in declared // defined // { };

    # Work that allocates megabytes, and then searches them without allocating.
    work = { seed, megabytes }: let
      options = genList (i: option (seed + i)) (megabytes * 1500);
      values = map (o: o.value + stringLength (head o.loc)) options;
      sum = foldl' (a: b: a + b) 0 values;
      found = length (filter (i: elem (0 - i) values) (numbers fleet.lookups));
      kept = filter (o: bitAnd o.value 3 != 0) options;
    in { inherit kept; done = sum + found + length kept; };

    # The first host of a process evaluates this for all hosts, like nixpkgs.
    shared = work { seed = 0; megabytes = fleet.sharedMegabytes; };

    # The store path exists already; this keeps every evaluation from copying it.
    busybox = builtins.appendContext fleet.busybox { ${fleet.busybox} = { path = true; }; } + "/busybox";

    build = { name, needs ? [ ], breaks ? false, evaluated ? 0 }: derivation {
      name = "${fleet.salt}-${name}";
      inherit (fleet) system;
      inherit needs evaluated;
      builder = busybox;
      args = [ "sh" "-c" ''
        ${busybox} sleep ${fleet.buildSeconds}
        i=0; while [ $i -lt ${toString fleet.buildSteps} ]; do i=$((i+1)); done
        ${if breaks then "echo broken; exit 1" else ""}
        echo built > $out
      '' ];
    };

    # Chains of dependencies; a cell needs the last links of two of them.
    chain = c: foldl' (needs: link: [
      (build { name = "chain${toString c}-${toString link}"; inherit needs; breaks = link == 1 && c <= fleet.broken; })
    ]) [ ] (numbers fleet.chainLength);
    chains = map chain (numbers fleet.chains);
    modulo = a: b: a - a / b * b;
    needs = i: concatMap (c: elemAt chains (modulo c fleet.chains)) (if fleet.chains == 0 then [ ] else [ i (i + 1) ]);

    host = h: {
      name = "host${toString h}";
      value.config = rec {
        own = work { seed = h; megabytes = fleet.ownMegabytes; };
        system.build.toplevel = build { name = "host${toString h}"; needs = needs h; evaluated = own.done + shared.done; };
      };
    };
    home = h: u: {
      name = "user${toString u}@host${toString h}";
      value = {
        config.home.username = "user${toString u}";
        activationPackage = build { name = "user${toString u}-host${toString h}"; needs = needs (h + u); };
      };
    };
    hosts = map host (numbers fleet.hosts);
    homes = concatMap (h: map (home h) (numbers fleet.users)) (numbers fleet.hosts);
    check = value: { inherit value; name = value.name; };
  in {
    nixosConfigurations = listToAttrs hosts;
    homeConfigurations = listToAttrs homes;
  } // (if !fleet.checks then { } else {
    # `nix flake check` evaluates homes and builds hosts only as checks.
    checks.${fleet.system} = listToAttrs (map check (
      map (h: h.value.config.system.build.toplevel) hosts ++ map (h: h.value.activationPackage) homes
    ));
  });
}
