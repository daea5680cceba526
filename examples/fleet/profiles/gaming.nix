# A machine to play on.
{
  imports = [ ../modules/gaming.nix ];
  fleet.gaming.enable = true;
}
