{
  description = "one host needs an input that this machine may not fetch";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  # Nothing answers there.
  inputs.nix-secrets.url = "git+ssh://git@127.0.0.1:1/nix-secrets";

  outputs =
    { self, busybox, nix-secrets }:
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
      nixosConfigurations = {
        plain.config.system.build.toplevel = mk "plain" "echo plain > $out";
        secretive.config.system.build.toplevel = mk "secretive" "echo ${nix-secrets} > $out";
      };
    };
}
