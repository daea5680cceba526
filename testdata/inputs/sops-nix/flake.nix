# A stand-in for github:Mic92/sops-nix, see README.md.
{
  description = "flakeci's stand-in for sops-nix";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = _: rec {
    nixosModules.sops = ./nixos.nix;
    nixosModules.default = nixosModules.sops;
    homeManagerModules.sops = ./home.nix;
    homeManagerModules.default = homeManagerModules.sops;
    homeModules = homeManagerModules;
  };
}
