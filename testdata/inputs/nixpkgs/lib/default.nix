# The part of nixpkgs' lib that configurations use, with the same names and behaviour.
let
  lists = import ./lists.nix;
  attrsets = import ./attrsets.nix;
  strings = import ./strings.nix;
  # The lib with the error messages of a release.
  make =
    release:
    let
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
          # Not in nixpkgs: the messages, and this lib with those of another release.
          words = (import ./words.nix { lib = self; }).${release};
          wordedAs = builtins.mapAttrs (name: _: make name) (import ./words.nix { lib = self; });
          warn = self.words.warn;
          warnIf = cond: message: if cond then self.warn message else x: x;
          warnIfNot = cond: self.warnIf (!cond);
          showWarnings = warnings: x: self.foldr self.words.showWarning x warnings;
          asserts.checkAssertWarn =
            assertions: warnings: x:
            let
              failed = map (a: a.message) (self.filter (a: !a.assertion) assertions);
            in
            if failed != [ ] then throw (self.words.failedAssertions failed) else self.showWarnings warnings x;
          licenses = import ./licenses.nix;
          platforms = import ./platforms.nix;
          systems = import ./systems.nix;
          maintainers = { };
        };
    in
    self;
in
make "26.05"
