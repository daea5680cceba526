# fleet.development: containers and tools.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.fleet.development;
in
{
  options.fleet.development = {
    containers = lib.mkEnableOption "containers for development";
    tools = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.gnumake
        pkgs.jq
        pkgs.ripgrep
      ];
      description = "Programs for everybody who develops on this host.";
    };
  };

  config = {
    environment.systemPackages = cfg.tools;
    virtualisation.docker = lib.mkIf cfg.containers {
      enable = true;
      autoPrune.enable = true;
    };
    users.users.joachim.extraGroups = lib.mkIf cfg.containers [ "docker" ];
  };
}
