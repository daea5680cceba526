# The package set: `import nixpkgs { inherit system; config = { … }; overlays = [ … ]; }`.
{
  system ? localSystem.system or localSystem,
  localSystem ? builtins.currentSystem,
  config ? { },
  overlays ? [ ],
  busybox ? throw "the nixpkgs stand-in has no busybox: pass --override-input nixpkgs/busybox path:DIR",
  guest ? "",
  lib ? import ./lib,
  ...
}@args:
let
  stages = [
    (import ./pkgs/stdenv.nix { inherit lib system config busybox; })
    (import ./pkgs/trivial.nix { inherit lib; })
    (import ./pkgs/programs.nix { inherit lib; })
    (import ./pkgs/guest.nix { inherit lib system guest; })
  ]
  ++ overlays;
  base = final: {
    inherit lib config overlays system;
    pkgs = final;
    extend = overlay: makeSet (stages ++ [ overlay ]);
    appendOverlays = extra: makeSet (stages ++ extra);
    path = ./.;
    # The same set with other arguments (home-manager's nixpkgs.config and overlays).
    importAgain = more: import ./. (args // more);
    _type = "pkgs";
    type = "pkgs"; # what `types.pkgs` and home-manager look for
  };
  makeSet =
    overlays: lib.fix (final: lib.foldl' (prev: overlay: prev // overlay final prev) (base final) overlays);
in
makeSet stages
