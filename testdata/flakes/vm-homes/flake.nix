{
  description = "a host to boot with homes to activate in it, most of which go wrong in a way of their own";

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
      inherit (nixpkgs) lib;
      users = [
        "alice"
        "bob"
        "carol"
        "dora"
        "eve"
        "fred"
      ];
      home =
        user: module:
        home-manager.lib.homeManagerConfiguration {
          pkgs = nixpkgs.legacyPackages.x86_64-linux;
          modules = [
            {
              home.username = user;
              home.homeDirectory = "/home/${user}";
              home.stateVersion = "25.05";
            }
            module
          ];
        };
    in
    {
      nixosConfigurations.box = lib.nixosSystem {
        modules = [
          home-manager.nixosModules.home-manager
          {
            nixpkgs.hostPlatform = "x86_64-linux";
            networking.hostName = "box";
            boot.loader.systemd-boot.enable = true;
            fileSystems."/".device = "/dev/sda1";
            system.stateVersion = "25.05";
            users.users = lib.genAttrs users (_: {
              isNormalUser = true;
            });
            # Bob's own file, in the place of a file of his home.
            systemd.tmpfiles.rules = [ "f /home/bob/.editorrc 0644 bob users - mine" ];

            # eve's home is part of the host.
            home-manager.useGlobalPkgs = true;
            home-manager.users.eve = {
              home.stateVersion = "25.05";
              home.file.".greeting".text = "eve";
            };
            # As in home-manager's release-25.05.
            systemd.services.home-manager-eve.serviceConfig.RemainAfterExit = lib.mkForce false;
          }
        ];
      };

      # Its homes are activated when their users log in.
      nixosConfigurations.desk = lib.nixosSystem {
        modules = [
          home-manager.nixosModules.home-manager
          {
            nixpkgs.hostPlatform = "x86_64-linux";
            networking.hostName = "desk";
            boot.loader.systemd-boot.enable = true;
            fileSystems."/".device = "/dev/sda1";
            system.stateVersion = "25.05";
            users.users = lib.genAttrs [ "eve" "fred" ] (_: {
              isNormalUser = true;
            });
            home-manager.useGlobalPkgs = true;
            home-manager.startAsUserService = true;
            home-manager.users.eve = {
              home.stateVersion = "25.05";
              home.file.".greeting".text = "eve";
            };
            home-manager.users.fred =
              { lib, ... }:
              {
                home.stateVersion = "25.05";
                home.activation.fetchTheme = lib.hm.dag.entryAfter [ "writeBoundary" ] ''
                  echo "fetchTheme: no route to host" >&2
                  run false
                '';
              };
          }
        ];
      };

      homeConfigurations = {
        # A good home: a file, and a service that keeps running.
        "alice@box" = home "alice" (
          { pkgs, ... }:
          {
            home.file.".editorrc".text = "theirs";
            systemd.user.services.clock = {
              Unit.Description = "A clock";
              Service.ExecStart = "${pkgs.busybox}/bin/sleep infinity";
              Install.WantedBy = [ "default.target" ];
            };
          }
        );
        # Stops at the file in the way.
        "bob@box" = home "bob" { home.file.".editorrc".text = "theirs"; };
        # Its activation succeeds, and then one of its services fails.
        "carol@box" = home "carol" (
          { pkgs, ... }:
          {
            systemd.user.services.mailer = {
              Unit.Description = "Fetch mail";
              Service.Type = "oneshot";
              Service.ExecStart = "${pkgs.writeShellScript "mailer" "echo 'mailer: no account'; exit 5"}";
              Install.WantedBy = [ "default.target" ];
            };
          }
        );
        # A second activation changes something again.
        "dora@box" = home "dora" (
          { lib, ... }:
          {
            home.activation.count = lib.hm.dag.entryAfter [ "writeBoundary" ] ''
              run sh -c 'echo again >> "$HOME/.activations"'
            '';
          }
        );
        # A step of its activation fails.
        "fred@box" = home "fred" (
          { lib, ... }:
          {
            home.activation.fetchWallpaper = lib.hm.dag.entryAfter [ "writeBoundary" ] ''
              echo "fetchWallpaper: no route to host" >&2
              run false
            '';
          }
        );
        # The host has no such user.
        "ghost@box" = home "ghost" { };
      };
    };
}
