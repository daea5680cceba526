# The part of nixpkgs' lib that configurations use, with the same names and behaviour.
let
  self =
    import ./lists.nix
    // import ./attrsets.nix
    // import ./strings.nix
    // import ./modules.nix { lib = self; }
    // import ./options.nix { lib = self; }
    // {
      types = import ./types.nix { lib = self; };
      inherit (self.types) mkOptionType;
      licenses = import ./licenses.nix;
      platforms = import ./platforms.nix;
      systems = import ./systems.nix;
      maintainers = { };
    };
in
self
