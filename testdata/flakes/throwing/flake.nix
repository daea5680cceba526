{
  description = "one host for each way an evaluation goes wrong, and a good one";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    home-manager = {
      url = "github:nix-community/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, home-manager, ... }:
    let
      salt = import ./salt.nix;
      host =
        name:
        nixpkgs.lib.nixosSystem {
          modules = [
            ./hosts/base.nix
            (./hosts + "/${name}.nix")
            {
              networking.hostName = name;
              environment.etc.salt.text = salt;
            }
          ];
        };
      home =
        file:
        home-manager.lib.homeManagerConfiguration {
          pkgs = nixpkgs.legacyPackages.x86_64-linux;
          modules = [
            file
            {
              home.username = "good";
              home.homeDirectory = "/home/good";
              home.stateVersion = "25.05";
              home.file.".salt".text = salt;
            }
          ];
        };
    in
    {
      nixosConfigurations =
        nixpkgs.lib.genAttrs [
          "good"
          "throws"
          "missing-option"
          "conflict"
          "assertion"
          "recursion"
          "missing-file"
          "type-error"
          "undefined-variable"
        ] host
        // {
          not-a-derivation.config.system.build.toplevel = 42;
          no-toplevel = { };
        };
      homeConfigurations = {
        "good@good" = home ./homes/good.nix;
        "throws@good" = home ./homes/throws.nix;
      };
    };
}
