# A stand-in for github:nix-community/home-manager, see README.md.
{
  description = "flakeci's stand-in for home-manager";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    rec {
      lib = {
        hm = import ./lib { inherit (nixpkgs) lib; };
        homeManagerConfiguration = import ./lib/configuration.nix;
      };
      nixosModules.home-manager = ./nixos.nix;
      nixosModules.default = nixosModules.home-manager;
      packages = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        rec {
          home-manager = pkgs.writeShellScriptBin "home-manager" ''
            echo "home-manager (stand-in)"
          '';
          default = home-manager;
        }
      );
    };
}
