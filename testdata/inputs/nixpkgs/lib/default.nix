# The part of nixpkgs' lib that configurations use, with the same names and behaviour.
let
  lists = import ./lists.nix;
  attrsets = import ./attrsets.nix;
  strings = import ./strings.nix;
  self =
    lists
    // attrsets
    // strings
    // import ./modules.nix { lib = self; }
    // import ./options.nix { lib = self; }
    // {
      inherit lists attrsets strings;
      types = import ./types.nix { lib = self; };
      inherit (self.types) mkOptionType;
      licenses = import ./licenses.nix;
      platforms = import ./platforms.nix;
      systems = import ./systems.nix;
      maintainers = { };
    };
in
self
