{
  description = "names that need quoting, escaping or care";

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
      host = name: { config.system.build.toplevel = mk "nixos-system" "echo x > $out"; };
      home = { config.home.username = "jörg"; activationPackage = mk "home" "echo y > $out"; };
      all = value: names: builtins.listToAttrs (map (name: { inherit name; inherit value; }) names);
    in
    {
      nixosConfigurations = all (host "x") [ "web.example.org" "my host" "back\\slash" "dollar\${brace" "quo\"te" "-dash" "büro" "true" "a/b" ];
      homeConfigurations = all home [ "jörg@büro" "jörg.müller@my host" "a\"b@web.example.org" "with space" "x@y@z" ];
      packages.x86_64-linux = all (mk "package" "echo z > $out") [ "a\"b" "c.d" "e f" "if" "\${x}" ];
    };
}
