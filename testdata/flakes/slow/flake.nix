{
  description = "a build that takes longer than anyone waits";

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
    in
    {
      nixosConfigurations.slow.config.system.build.toplevel = mk "slow" "echo asleep; $builder sleep 600; echo > $out";
      nixosConfigurations.quick.config.system.build.toplevel = mk "quick" "echo quick > $out";
    };
}
