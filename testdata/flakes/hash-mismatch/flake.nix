{
  description = "a download that is not what it was";

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
      packages.x86_64-linux.source = derivation {
        name = "source";
        system = "x86_64-linux";
        builder = "${busybox}/busybox";
        args = [ "sh" "-c" "echo ${import ./salt.nix} > $out" ];
        outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        outputHashMode = "flat";
      };
    };
}
