{
  description = "hosts that differ in what their nixpkgs can do about virtual machines; only to be evaluated";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # The features are modules of this flake, so that each can be left out.
      host =
        modules:
        lib.evalModules {
          class = "nixos";
          specialArgs.modulesPath = toString ./nixos;
          modules = [ ./nixos/base.nix ] ++ modules;
        };
      modern = module: host [ ./nixos/build-vm.nix module ];
      derivationOf = name: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
      };
      home = username: rec {
        config.home = {
          inherit username;
          homeDirectory = "/home/${username}";
        };
        activationPackage = derivationOf "home-${username}";
      };
    in
    {
      nixosConfigurations = {
        modern = modern ./hosts/modern.nix;
        imports-qemu-vm = modern ./hosts/imports-qemu-vm.nix;
        # As only its own runner has it, from before there was a variant.
        only-qemu-vm = host [ ./hosts/imports-qemu-vm.nix ];
        no-vm-variant = host [ { system.build.vm = derivationOf "vm-of-old"; } ];
        ancient.config.system.build.vm = derivationOf "vm-of-ancient";
        # As much of a host as some flakes expose.
        config-only = { inherit (modern ./hosts/modern.nix) config; };
        no-vm = host [ ];
        nothing = { };
        number = 5;
        vm-is-a-number.config.system.build.vm = 5;
        odd-values.config = {
          system.build.vm = derivationOf "vm";
          virtualisation = { memorySize = "1G"; cores = throw "none"; };
          users.users = throw "nobody";
        };
        odd-users.config = {
          system.build.vm = derivationOf "vm";
          virtualisation = 5;
          users.users = {
            a = 5;
            x = { isNormalUser = true; name = { }; home = throw "none"; };
            y.isNormalUser = true;
            z.isNormalUser = "yes";
          };
        };
        units = host [
          ./hosts/units.nix
          {
            systemd.services.inline.script = "exit 1";
            systemd.targets.of-input = { };
          }
          # What comes from an input, and what the flake only passes on.
          { _file = "/nix/store/00000000000000000000000000000000-source/sshd.nix"; config.systemd = import ./hosts/handed-on.nix lib; }
          { _file = toString ./hosts + "/via.nix, via option flake.modules"; config.systemd.targets = lib.genAttrs [ "via" ] (_: { }); }
        ];
        # Definitions as in older versions, and as nobody should write them.
        units-by-hand.options = {
          systemd.services.definitionsWithLocations = [
            { file = ./hosts/units.nix; value = lib.mkIf true { unresolved = { }; off = lib.mkIf false { }; }; }
            { file = ./hosts/units.nix; value = lib.mkMerge [ { merged = { }; } (lib.mkIf false { off = { }; }) (lib.mkIf (throw "never") { thrown = { }; }) ]; }
            { value = { no-file = { }; }; }
            { file = 5; value = 5; }
            { file = { }; value = { odd = 5; }; }
          ];
          systemd.timers.definitionsWithLocations = [ { file = throw "no file"; value = { thrown = { }; }; } ];
          systemd.sockets.definitionsWithLocations = 5;
          systemd.paths = 5;
          fileSystems.definitionsWithLocations = [ { file = ./hosts/units.nix; value = { "/mnt/my data-1" = { }; "/" = { }; }; } ];
          systemd.mounts.definitionsWithLocations = [
            { file = ./flake.nix; value = lib.mkMerge [ [ { what = "x"; where = "/srv"; } ] [ 5 { what = "y"; } ] ]; }
          ];
        };
        embeds.config.home-manager.users.work.home = {
          username = "worker";
          homeDirectory = "/srv/work";
          activationPackage = derivationOf "home-worker";
        };
        own-agent-off = modern ./hosts/own-agent-off.nix;
        agent-forced-off = modern ./hosts/agent-forced-off.nix;
        graphics-on = modern { virtualisation.vmVariant.virtualisation.graphics = lib.mkForce true; };
        # A guest without any options.
        bare = host [ ./nixos/bare-variant.nix ];
        no-guest-option = host [ ./nixos/build-vm.nix { disabledModules = [ ./nixos/agent.nix ]; } ];
        broken-elsewhere = modern ./hosts/broken-elsewhere.nix;
        broken = modern ./hosts/broken.nix;
        broken-variant = modern { virtualisation.vmVariant = ./hosts/broken.nix; };
        missing-option = modern { virtualisation.vmVariant.virtualisation.nonesuch = true; };
      }
      // lib.genAttrs [ "a\"b" "\${x}" "h.1" "a b" "a\nb" "a\\b" "a''b" "--option" "" ] (name: modern { networking.hostName = name; });

      homeConfigurations = {
        "joachim@modern" = home "joachim";
        "o\"dd \${x}.y\n" = home "odd";
        broken.activationPackage = throw "no such home";
        broken-inside.activationPackage = derivationOf "x" // { outPath = throw "no such output"; };
        number.activationPackage = 5;
        nameless.activationPackage = derivationOf "home-nameless";
        odd-config = {
          config.home = { username = { }; homeDirectory = "/home/odd"; };
          activationPackage = derivationOf "home-odd-config";
        };
        throws-name = home (throw "no name") // { activationPackage = derivationOf "home-throws-name"; };
      };
    };
}
