{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.boot;
in
{
  options.boot = {
    isContainer = bool false;
    postBootCommands = lines;
    loader = {
      timeout = opt (types.nullOr types.int) 5;
      systemd-boot = {
        enable = bool false;
        configurationLimit = maybe types.int;
        editor = bool true;
        consoleMode = str "keep";
      };
      efi.canTouchEfiVariables = bool false;
      efi.efiSysMountPoint = str "/boot";
      grub = {
        enable = bool (!cfg.isContainer);
        device = str "";
        devices = strings [ ];
        efiSupport = bool false;
        efiInstallAsRemovable = bool false;
        useOSProber = bool false;
        configurationLimit = int 100;
        extraConfig = lines;
      };
      generic-extlinux-compatible.enable = bool false;
    };
    kernelPackages = lib.mkOption {
      type = types.raw;
      default = pkgs.linuxPackages;
      description = "The kernel and the modules that go with it.";
    };
    kernelModules = strings [ ];
    extraModulePackages = packages;
    kernelParams = strings [ ];
    kernel.sysctl = opt (types.attrsOf (types.nullOr (types.oneOf [ types.bool types.int types.str ]))) { };
    blacklistedKernelModules = strings [ ];
    extraModprobeConfig = lines;
    supportedFilesystems = opt (types.either (types.listOf types.str) (types.attrsOf types.bool)) { };
    consoleLogLevel = int 4;
    binfmt.emulatedSystems = strings [ ];
    plymouth.enable = on "Plymouth boot splash screen";
    plymouth.theme = str "bgrt";
    tmp = {
      useTmpfs = bool false;
      cleanOnBoot = bool false;
    };
    growPartition = on "growing the root partition on boot";
    initrd = {
      enable = bool (!cfg.isContainer);
      kernelModules = strings [ ];
      availableKernelModules = strings [ ];
      includeDefaultModules = bool true;
      supportedFilesystems = opt (types.either (types.listOf types.str) (types.attrsOf types.bool)) { };
      verbose = bool true;
      secrets = opt (types.attrsOf (types.nullOr types.path)) { };
      luks.devices = each {
        device = need types.str;
        preLVM = bool true;
        allowDiscards = bool false;
        keyFile = maybe types.str;
      };
      systemd.enable = bool true;
      network.enable = bool false;
      postDeviceCommands = lines;
    };
  };

  config = {
    boot.loader.grub.enable = lib.mkIf (cfg.loader.systemd-boot.enable || cfg.loader.generic-extlinux-compatible.enable) (lib.mkDefault false);
    boot.kernelParams = [ "loglevel=${toString cfg.consoleLogLevel}" ];
    assertions = [
      {
        assertion = cfg.loader.grub.enable -> cfg.loader.grub.device != "" || cfg.loader.grub.devices != [ ];
        message = "You must set the option ‘boot.loader.grub.devices’ or 'boot.loader.grub.mirroredBoots' to make the system bootable.";
      }
    ];
    environment.etc."modules-load.d/nixos.conf".text = lib.concatLines cfg.kernelModules;
    environment.etc."sysctl.d/60-nixos.conf".text = lib.concatLines (
      lib.mapAttrsToList (k: v: "${k}=${if v == false then "0" else toString v}") (
        lib.filterAttrs (_: v: v != null) cfg.kernel.sysctl
      )
    );
    environment.etc."modprobe.d/nixos.conf".text =
      lib.concatMapStrings (m: "blacklist ${m}\n") cfg.blacklistedKernelModules + cfg.extraModprobeConfig;
  };
}
