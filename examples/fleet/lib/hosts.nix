# mkHost NAME { system, profiles } is the NixOS system of hosts/NAME.
{ nixpkgs, ... }@inputs:
{
  mkHost =
    name:
    {
      system,
      profiles ? [ "minimal" ],
    }:
    nixpkgs.lib.nixosSystem {
      # Every module can take `inputs` as an argument.
      specialArgs = { inherit inputs; };
      modules = map (profile: ../profiles/${profile}.nix) profiles ++ [
        ../hosts/shared
        ../hosts/${name}
        {
          nixpkgs.hostPlatform = system;
          networking.hostName = name;
        }
      ];
    };
}
