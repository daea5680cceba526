# The host once more, as a virtual machine: definitions of `virtualisation.vmVariant` are modules
# of that second evaluation alone, which happens only when somebody asks for it.
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
