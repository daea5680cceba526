{
  description = "nothing to build";

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
      lib.answer = 42;
      nixosModules.default = { };
    };
}
