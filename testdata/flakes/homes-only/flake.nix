{
  description = "homes and no host";

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
      home = name: { config.home.username = name; activationPackage = mk "home" "echo ${name} > $out"; };
    in
    {
      homeConfigurations = {
        joachim = home "joachim";
        "joachim@laptop" = home "joachim";
        "work@laptop" = home "work";
      };
    };
}
