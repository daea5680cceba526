{
  description = "logs that try to be something else than logs";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  outputs =
    { self, busybox }:
    let
      build =
        system: name: script:
        derivation {
          inherit name system;
          salt = import ./salt.nix;
          builder = "${busybox}/busybox";
          args = [ "sh" "-c" script ];
        };
      mk = build "x86_64-linux";
      noise = "printf '\\033[31mred\\033[0m \\033]0;title\\007\\000nul \\377\\376 invalid\\n::error::forged\\n]]> <b>&amp;</b>\\n\\342\\200\\256bidi\\n@everyone\\n'";
      # One line of 5 MB.
      long = "$builder yes x | $builder head -c 10000000 | $builder tr -d '\\n'; echo";
    in
    {
      nixosConfigurations = {
        loud.config.system.build.toplevel = mk "loud" "${noise}; ${long}; echo done > $out";
        failing.config.system.build.toplevel = mk "failing" "${noise}; ${long}; ${noise}; exit 1";
        throwing = throw "\n::error::forged\n\t]]> <b> [31mred @everyone";
      };
    };
}
