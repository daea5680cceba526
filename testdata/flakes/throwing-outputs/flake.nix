{
  description = "a whole output that throws next to hosts that are fine";

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
      nixosConfigurations.reason.config.system.build.toplevel = mk "nixos-system-reason" "echo reason > $out";
      packages = throw "all packages are out of order";
    };
}
