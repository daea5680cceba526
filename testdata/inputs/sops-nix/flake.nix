# A stand-in for github:Mic92/sops-nix: its options, its defaults, its assertions, and its check of
# the sops files when a host or home is built. It is not sops: it never decrypts anything and only
# names what would be installed. See README.md.
{
  description = "flakeci's stand-in for sops-nix";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  outputs = _: rec {
    nixosModules.sops = ./nixos.nix;
    nixosModules.default = nixosModules.sops;
    homeModules.sops = ./home.nix;
    homeModules.default = homeModules.sops;
    # The older name, which many flakes still use.
    homeManagerModules = homeModules;
  };
}
