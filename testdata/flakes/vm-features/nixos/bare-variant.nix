# A variant without any of the options of nixpkgs' variant.
{ lib, config, extendModules, ... }:
{
  disabledModules = [ ./agent.nix ];
  options.virtualisation.vmVariant = lib.mkOption {
    inherit (extendModules { }) type;
    default = { };
  };
  config.system.build.vm = derivation {
    name = "bare-vm";
    system = "x86_64-linux";
    builder = "/bin/sh";
  };
}
