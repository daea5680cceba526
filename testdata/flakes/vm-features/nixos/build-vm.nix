# The host again, as a virtual machine, as in nixpkgs since 22.05.
{ lib, config, extendModules, ... }:
let
  variant = extendModules { modules = [ ./qemu-vm.nix ]; };
in
{
  options.virtualisation.vmVariant = lib.mkOption {
    inherit (variant) type;
    default = { };
  };
  config.system.build.vm = lib.mkDefault config.virtualisation.vmVariant.system.build.vm;
}
