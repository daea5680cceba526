# A machine to write software on.
{
  imports = [
    ./minimal.nix
    ../modules/development.nix
  ];
  fleet.development.containers = true;
}
