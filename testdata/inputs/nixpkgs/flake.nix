# A stand-in for github:NixOS/nixpkgs, see README.md.
{
  description = "flakeci's stand-in for nixpkgs";

  # A folder that contains a static `busybox`, the one program that builds everything here:
  #   --override-input nixpkgs/busybox path:DIR
  inputs.busybox = {
    url = "path:./no-busybox";
    flake = false;
  };

  # What `config.system.build.vm` boots, made by scripts/guest; nothing else needs it:
  #   --override-input nixpkgs/guest path:DIR
  inputs.guest = {
    url = "path:./no-guest";
    flake = false;
  };

  outputs =
    { self, busybox, guest }:
    let
      lib = import ./lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      importPkgs = args: import ./default.nix (args // { busybox = "${busybox}"; guest = "${guest}"; });

      withSystems =
        lib:
        lib
        // {
          nixosSystem =
            args:
            import ./nixos/eval-config.nix (
              {
                inherit lib;
                importPkgs = args: importPkgs (args // { inherit lib; });
                # As in the real one: modulesPath, and `system` may come from nixpkgs.hostPlatform.
                system = null;
              }
              // args
            );
        };

      # `import nixpkgs { … }` reads only default.nix of the store path, which cannot know this
      # flake's inputs. `import` asks an attribute set for __toString first, so it gets a
      # generated file that does know. The hash makes Nix 2.8 accept that file in pure mode.
      entry = builtins.unsafeDiscardStringContext ''
        args: import ${self.outPath}/default.nix ({
          busybox = builtins.appendContext "${busybox}" { "${busybox}".path = true; };
          guest = builtins.appendContext "${guest}" { "${guest}".path = true; };
        } // args)
      '';
    in
    {
      lib = withSystems lib // {
        wordedAs = builtins.mapAttrs (_: withSystems) lib.wordedAs;
      };

      legacyPackages = lib.genAttrs systems (system: importPkgs { inherit system; });

      __toString =
        _:
        builtins.path {
          name = "nixpkgs.nix";
          path = builtins.toFile "nixpkgs.nix" entry;
          recursive = false;
          sha256 = builtins.hashString "sha256" entry;
        };
    };
}
