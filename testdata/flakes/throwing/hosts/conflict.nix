# Two modules that contradict each other.
{
  imports = [ ./conflict-other.nix ];
  time.timeZone = "Europe/Berlin";
}
