{ modulesPath, ... }:
{
  imports = [ "${modulesPath}/qemu-vm.nix" ];
  virtualisation.memorySize = 3072;
}
