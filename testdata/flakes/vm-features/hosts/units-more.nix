{ lib, ... }:
{
  systemd.services = {
    both.before = [ ];
    plain.after = [ ];
  }
  // lib.genAttrs [ "generated" ] (_: { })
  // import ./units-elsewhere.nix;
}
