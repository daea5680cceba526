# NVIDIA's driver, for hosts with an NVIDIA card.
{ config, ... }:
{
  services.xserver.videoDrivers = [ "nvidia" ];

  hardware.graphics.enable = true;
  hardware.nvidia = {
    # The open kernel module, right for Turing (RTX 20, GTX 16) and newer.
    open = true;
    modesetting.enable = true;
    package = config.boot.kernelPackages.nvidiaPackages.stable;
  };
}
