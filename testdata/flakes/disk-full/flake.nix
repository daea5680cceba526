{
  description = "a build that writes until the disk is full";

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
      packages.x86_64-linux.hungry = mk "hungry" "$builder dd if=/dev/zero of=fill bs=1M count=64 || exit 1; echo > $out";
      packages.x86_64-linux.modest = mk "modest" "echo modest > $out";
    };
}
