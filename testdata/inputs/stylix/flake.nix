# A stand-in for github:nix-community/stylix: its main options, and the palette as a file. It is
# not a theme: no program's configuration is touched. See README.md.
{
  description = "flakeci's stand-in for stylix";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = _: rec {
    nixosModules.stylix = ./nixos.nix;
    homeModules.stylix = ./home.nix;
    # The older name, which many flakes still use.
    homeManagerModules = homeModules;
  };
}
