# The modules every home has.
[
  ./activation.nix
  ./files.nix
  ./home.nix
  ./nixpkgs.nix
  ./programs/editors.nix
  ./programs/programs.nix
  ./programs/shells.nix
  ./services.nix
  ./systemd.nix
  ./xdg.nix
]
