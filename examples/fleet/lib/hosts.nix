# mkHost NAME { system } is the NixOS system of hosts/NAME.
{ nixpkgs, sops-nix, stylix, ... }@inputs:
{
  mkHost =
    name:
    { system }:
    nixpkgs.lib.nixosSystem {
      # Every module can take `inputs` as an argument.
      specialArgs = { inherit inputs; };
      modules = [
        sops-nix.nixosModules.sops
        stylix.nixosModules.stylix
        ../hosts/shared
        ../hosts/${name}
        {
          nixpkgs.hostPlatform = system;
          networking.hostName = name;
        }
      ];
    };
}
