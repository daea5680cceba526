{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  show = v: if lib.isList v then lib.concatStringsSep " " (map toString v) else lib.generators.mkValueStringDefault { } v;
in
{
  options.nix = {
    enable = bool true;
    package = opt types.package pkgs.nix;
    settings = settings {
      experimental-features = strings [ ];
      trusted-users = strings [ "root" ];
      allowed-users = strings [ "*" ];
      auto-optimise-store = bool false;
      substituters = strings [ ];
      trusted-public-keys = strings [ ];
      max-jobs = opt (types.either types.int (types.enum [ "auto" ])) "auto";
      sandbox = opt (types.either types.bool (types.enum [ "relaxed" ])) true;
    };
    extraOptions = lines;
    gc = {
      automatic = bool false;
      dates = opt (types.either types.str (types.listOf types.str)) "03:15";
      options = str "";
      persistent = bool true;
    };
    optimise.automatic = bool false;
    optimise.dates = strings [ "03:45" ];
    registry = free;
    nixPath = strings [ ];
    channel.enable = bool true;
    distributedBuilds = bool false;
    buildMachines = opt (types.listOf types.attrs) [ ];
    daemonCPUSchedPolicy = str "other";
  };
  config = lib.mkIf config.nix.enable {
    environment.systemPackages = [ config.nix.package ];
    environment.etc."nix/nix.conf".text =
      lib.concatLines (
        lib.mapAttrsToList (k: v: "${k} = ${show v}") (
          lib.filterAttrs (_: v: v != [ ]) config.nix.settings
        )
      )
      + config.nix.extraOptions;
    systemd.services.nix-daemon = {
      description = "Nix Daemon";
      serviceConfig.ExecStart = "${config.nix.package}/bin/nix --daemon";
    };
    systemd.services.nix-gc = lib.mkIf config.nix.gc.automatic {
      description = "Nix Garbage Collector";
      startAt = config.nix.gc.dates;
      script = "exec ${config.nix.package}/bin/nix-collect-garbage ${config.nix.gc.options}";
      serviceConfig.Type = "oneshot";
    };
  };
}
