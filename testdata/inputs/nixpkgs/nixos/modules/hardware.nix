{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  nvidia = config.hardware.nvidia;
  nvidiaUsed = lib.elem "nvidia" config.services.xserver.videoDrivers;
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "hardware" "opengl" "enable" ] [ "hardware" "graphics" "enable" ])
    (lib.mkRenamedOptionModule [ "hardware" "opengl" "driSupport32Bit" ] [ "hardware" "graphics" "enable32Bit" ])
    (lib.mkRemovedOptionModule [ "hardware" "opengl" "driSupport" ] "The setting can be removed.")
  ];
  options.hardware = {
    enableAllFirmware = bool false;
    enableRedistributableFirmware = bool false;
    firmware = packages;
    cpu.intel.updateMicrocode = bool false;
    cpu.amd.updateMicrocode = bool false;
    graphics = {
      enable = on "hardware accelerated graphics drivers";
      enable32Bit = bool false;
      extraPackages = packages;
      extraPackages32 = packages;
    };
    nvidia = {
      open = opt (types.nullOr types.bool) null;
      modesetting.enable = bool true;
      nvidiaSettings = bool true;
      nvidiaPersistenced = bool false;
      powerManagement.enable = bool false;
      powerManagement.finegrained = bool false;
      package = opt types.package config.boot.kernelPackages.nvidiaPackages.stable;
      prime = {
        intelBusId = str "";
        nvidiaBusId = str "";
        amdgpuBusId = str "";
        sync.enable = bool false;
        offload.enable = bool false;
        offload.enableOffloadCmd = bool false;
      };
    };
    bluetooth = {
      enable = on "support for Bluetooth";
      powerOnBoot = bool true;
      settings = free;
    };
    steam-hardware.enable = on "steam hardware udev rules";
    sane.enable = on "SANE scanners";
    i2c.enable = on "i2c devices support";
    logitech.wireless.enable = on "support for Logitech Wireless Devices";
    uinput.enable = on "uinput support";
    keyboard.qmk.enable = on "non-root access to the firmware of QMK keyboards";
  };
  config = lib.mkIf nvidiaUsed {
    assertions = [
      {
        assertion = nvidia.open != null;
        message = "You must configure `hardware.nvidia.open` on NVIDIA driver versions >= 560. It is suggested to use the open source kernel modules on Turing or later GPUs (RTX series, GTX 16xx), and the closed source modules otherwise.";
      }
      {
        assertion = !(nvidia.prime.sync.enable && nvidia.prime.offload.enable);
        message = "PRIME Sync and Offload cannot be both enabled";
      }
      {
        assertion = nvidia.powerManagement.finegrained -> nvidia.prime.offload.enable;
        message = "Fine-grained power management requires offload to be enabled.";
      }
    ];
    boot.kernelParams = lib.optional nvidia.modesetting.enable "nvidia-drm.modeset=1";
    boot.blacklistedKernelModules = [ "nouveau" "nvidiafb" ];
    environment.systemPackages = [ nvidia.package ];
  };
}
