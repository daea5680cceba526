{
  description = "a build that needs what no machine has";

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
      packages.x86_64-linux.vm-test = derivation {
        name = "vm-test";
        system = "x86_64-linux";
        builder = "${busybox}/busybox";
        args = [ "sh" "-c" "echo ${import ./salt.nix} > $out" ];
        requiredSystemFeatures = [ "flakeci-nowhere" ];
      };
    };
}
