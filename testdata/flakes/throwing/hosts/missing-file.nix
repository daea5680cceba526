# An import of a file that does not exist.
{
  imports = [ ./nope.nix ];
}
