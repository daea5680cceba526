{
  description = "A fleet: two hosts, two people, three homes";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    home-manager = {
      url = "github:nix-community/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    stylix = {
      url = "github:nix-community/stylix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { self, nixpkgs, ... }@inputs:
    let
      fleet = import ./lib inputs;

      # The machines: their system and their profiles (profiles/). hosts/NAME has what only one
      # machine has.
      hosts = {
        reason = {
          system = "x86_64-linux";
          profiles = [
            "desktop"
            "gaming"
          ];
        };
        laptop = {
          system = "x86_64-linux";
          profiles = [
            "desktop"
            "development"
          ];
        };
      };

      # The people: the machines where each has a home (users/NAME/HOST.nix).
      users = {
        joachim.hosts = [
          "reason"
          "laptop"
        ];
        work.hosts = [ "laptop" ];
      };

      pkgsFor = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: nixpkgs.legacyPackages.${system}
      );
      forEachSystem = f: builtins.mapAttrs (_: f) pkgsFor;
    in
    {
      nixosConfigurations = builtins.mapAttrs fleet.mkHost hosts;
      homeConfigurations = fleet.mkHomes { inherit hosts users; };

      # nix develop: tools to work on this repository.
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.age
            pkgs.git
            pkgs.sops
          ];
        };
      });

      # nix fmt
      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
