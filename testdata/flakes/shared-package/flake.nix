{
  description = "three hosts and two homes over one package, which is broken if faults.nix says so";

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
      libfrob = mk "libfrob-1.2" (
        if (import ./faults.nix).libfrob then
          "echo compiling frob.c; echo 'frob.c:7: error: no frob' >&2; exit 3"
        else
          "echo frob > $out"
      );
      with-frob = name: mk name "echo ${name} ${libfrob} > $out";
    in
    {
      nixosConfigurations = builtins.mapAttrs (name: _: {
        config.system.build.toplevel = with-frob "nixos-system-${name}";
      }) { reason = { }; laptop = { }; server = { }; } // {
        plain.config.system.build.toplevel = mk "nixos-system-plain" "echo plain > $out";
      };
      homeConfigurations = builtins.mapAttrs (name: _: {
        activationPackage = with-frob "home-${builtins.replaceStrings [ "@" ] [ "-" ] name}";
      }) { "joachim@reason" = { }; "work@laptop" = { }; };
    };
}
