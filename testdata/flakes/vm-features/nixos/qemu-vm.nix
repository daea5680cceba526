# The runner; its derivation shows what the guest got.
{ lib, config, options, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.virtualisation;
  bool = default: mkOption { type = types.bool; inherit default; };
  number = default: mkOption { type = types.ints.positive; inherit default; };
in
{
  options.virtualisation = {
    graphics = bool true;
    memorySize = number 1024;
    cores = number 1;
    qemu.guestAgent.enable = bool true;
    additionalPaths = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
  };
  config = {
    services = lib.optionalAttrs (options ? services.qemuGuest) {
      qemuGuest.enable = cfg.qemu.guestAgent.enable;
    };
    system.build.vm = derivation {
      name = "nixos-vm";
      system = "x86_64-linux";
      builder = "/bin/sh";
      inherit (config.system.build) toplevel;
      paths = toString cfg.additionalPaths;
      told = builtins.toJSON {
        inherit (cfg) graphics memorySize cores;
        autologin = config.services.getty.autologinUser;
        agent = config.services.qemuGuest.enable or null;
      };
    };
  };
}
