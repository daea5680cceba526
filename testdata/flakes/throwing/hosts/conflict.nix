# Two modules want different things.
{
  imports = [ ./conflict-other.nix ];
  time.timeZone = "Europe/Berlin";
}
