{
  description = "homes inside their hosts, by home-manager's NixOS module, and none outside";

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
      # Both hosts have joachim; laptop also has work.
      host =
        name: users:
        nixpkgs.lib.nixosSystem {
          modules = [
            home-manager.nixosModules.home-manager
            {
              nixpkgs.hostPlatform = "x86_64-linux";
              networking.hostName = name;
              boot.loader.systemd-boot.enable = true;
              fileSystems."/".device = "/dev/sda1";
              system.stateVersion = "25.05";
              environment.etc.salt.text = salt;

              users.users = nixpkgs.lib.genAttrs users (_: {
                isNormalUser = true;
              });
              home-manager = {
                useGlobalPkgs = true;
                useUserPackages = true;
                users = nixpkgs.lib.genAttrs users (user: {
                  home.stateVersion = "25.05";
                  home.file.".salt".text = "${salt} ${user}";
                  programs.git.enable = true;
                });
              };
            }
          ];
        };
    in
    {
      nixosConfigurations = {
        reason = host "reason" [ "joachim" ];
        laptop = host "laptop" [
          "joachim"
          "work"
        ];
      };
    };
}
