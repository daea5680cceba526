# The host again, as a virtual machine. Definitions of `virtualisation.vmVariant` are modules
# of this second evaluation only, which happens only when it is asked for.
{ lib, config, extendModules, ... }:
let
  vmVariant = extendModules { modules = [ ./qemu-vm.nix ]; };
in
{
  options.virtualisation.vmVariant = lib.mkOption {
    inherit (vmVariant) type;
    default = { };
    visible = "shallow";
    description = "Machine configuration to be added for the vm script produced by `nixos-rebuild build-vm`.";
  };
  config.system.build.vm = lib.mkDefault config.virtualisation.vmVariant.system.build.vm;
}
