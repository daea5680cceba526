{
  description = "homes named by user, by user and host, by something else, and for a host that is not there";

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
      home = username: {
        config.home = { inherit username; };
        activationPackage = mk "home-${username}" "echo ${username} > $out";
      };
      host = name: { config.system.build.toplevel = mk "nixos-system-${name}" "echo ${name} > $out"; };
    in
    {
      nixosConfigurations = builtins.mapAttrs (name: _: host name) { reason = { }; laptop = { }; };
      homeConfigurations = {
        joachim = home "joachim"; # serves laptop, which has no home of its own for joachim
        "joachim@reason" = home "joachim" // { activationPackage = mk "home-joachim-reason" "echo 1 > $out"; };
        niri-desktop = home "alice";
        "work@ghost" = home "work";
      };
    };
}
