# mkUser NAME HOST { system } is the home of users/NAME/HOST.nix; mkHomes makes all of them.
{ nixpkgs, home-manager, ... }@inputs:
let
  inherit (nixpkgs) lib;
in
rec {
  mkUser =
    name: host:
    { system, ... }:
    home-manager.lib.homeManagerConfiguration {
      # A standalone home has its own packages; allow what hosts/shared allows.
      pkgs = import nixpkgs {
        inherit system;
        config.allowUnfree = true;
      };
      # Every module can take `inputs` as an argument.
      extraSpecialArgs = { inherit inputs; };
      modules = [
        ../users/${name}/${host}.nix
        {
          home.username = name;
          home.homeDirectory = "/home/${name}";
        }
      ];
    };

  # { "joachim@reason" = …; "joachim@laptop" = …; }: the keys that `home-manager switch` looks for.
  mkHomes =
    { hosts, users }:
    lib.concatMapAttrs (
      name: user:
      lib.listToAttrs (
        map (host: lib.nameValuePair "${name}@${host}" (mkUser name host hosts.${host})) user.hosts
      )
    ) users;
}
