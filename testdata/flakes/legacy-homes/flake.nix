{
  description = "homes below legacyPackages, one key of them in two systems";

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
      home = system: username: {
        config.home = { inherit username; };
        activationPackage = build system "home-${username}" "echo ${username} > $out";
      };
    in
    {
      nixosConfigurations.reason.config.system.build.toplevel = mk "nixos-system-reason" "echo reason > $out";
      legacyPackages.x86_64-linux.homeConfigurations = {
        "joachim@reason" = home "x86_64-linux" "joachim";
        alice = home "x86_64-linux" "alice";
      };
      legacyPackages.aarch64-linux.homeConfigurations.alice = home "aarch64-linux" "alice";
      # Most of what people keep here is not a home.
      legacyPackages.x86_64-darwin = { hello = mk "hello" "echo hello > $out"; };
    };
}
