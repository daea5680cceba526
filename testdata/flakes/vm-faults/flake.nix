{
  description = "hosts that boot well, and hosts that fail each in a way of its own";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      host =
        name: module:
        lib.nixosSystem {
          modules = [
            {
              nixpkgs.hostPlatform = "x86_64-linux";
              networking.hostName = name;
              boot.loader.systemd-boot.enable = true;
              fileSystems."/".device = "/dev/sda1";
              system.stateVersion = "25.05";
            }
            module
          ];
        };
    in
    {
      nixosConfigurations =
        let
          hosts = lib.mapAttrs host (import ./hosts.nix { inherit lib; });
        in
        hosts
        // {
          # As nixpkgs did before 22.05: a runner, with no way to add a module to it.
          old.config.system.build = { inherit (hosts.healthy.config.system.build) toplevel vm; };
        };
    };
}
