{
  description = "a package and a check that throw next to a host that is fine";

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
      packages.x86_64-linux = {
        good = mk "good" "echo good > $out";
        bad = throw "this package is out of order";
      };
      checks.x86_64-linux = {
        fmt = mk "fmt" "echo fmt > $out";
        lint = throw "this check is out of order";
      };
    };
}
