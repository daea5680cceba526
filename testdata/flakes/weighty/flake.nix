{
  description = "hosts that take a lot of memory or time to evaluate, among some that do not";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  outputs =
    { self, busybox }:
    let
      run =
        name: script:
        derivation {
          inherit name;
          system = "x86_64-linux";
          salt = import ./salt.nix;
          builder = "${busybox}/busybox";
          args = [ "sh" "-c" script ];
        };
      mk = name: run name "echo ${name} > $out";
      # About 350 MB that cannot be freed.
      large = builtins.genList (n: { name = toString n; value = [ n ]; }) 1750000;
      hold = list: value: builtins.deepSeq list (if builtins.length list > 0 then value else null);
      host = toplevel: { config.system.build.toplevel = toplevel; };
    in
    {
      packages.x86_64-linux.heavy = hold large (mk "heavy");
      packages.x86_64-linux.light = mk "light";
      nixosConfigurations = {
        a-small = host (mk "a-small");
        b-large = host (hold large (mk "b-large"));
        c-small = host (mk "c-small");
        d-throws = host (throw "d is broken");
        # It waits for its import. Computing instead would take a core from other tests.
        e-endless = host (mk "e-${builtins.readFile (run "imported" "$builder sleep 600")}");
        f-small = host (mk "f-small");
        g-recursion = host (let f = n: 1 + f n; in mk "g-${toString (f 1)}");
        h-small = host (mk "h-small");
        i-nothing = host 42;
        j-small = host (mk "j-small");
      };
    };
}
