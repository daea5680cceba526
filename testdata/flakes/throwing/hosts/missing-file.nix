# An import of a file that is not there.
{
  imports = [ ./nope.nix ];
}
