# A stand-in for github:nix-community/stylix, see README.md.
{
  description = "flakeci's stand-in for stylix";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = _: rec {
    nixosModules.stylix = import ./module.nix { home = false; };
    homeModules.stylix = import ./module.nix { home = true; };
    homeManagerModules = homeModules;
  };
}
