{
  description = "builds that need what not every machine has";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  outputs =
    { self, busybox }:
    let
      build =
        attrs:
        derivation (attrs // {
          system = attrs.system or "x86_64-linux";
          salt = import ./salt.nix;
          builder = "${busybox}/busybox";
          args = [ "sh" "-c" "echo > $out" ];
        });
      firmware = build { name = "firmware"; system = "riscv64-linux"; };
    in
    {
      packages.x86_64-linux = builtins.mapAttrs (name: needs: build (needs // { inherit name; })) {
        vm-test.requiredSystemFeatures = [ "kvm" ];
        chromium.requiredSystemFeatures = [ "big-parallel" ];
        oracle.requiredSystemFeatures = [ "flakeci-nowhere" ];
        board.needs = firmware;
      };
    };
}
