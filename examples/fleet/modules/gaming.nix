# fleet.gaming: Steam, and programs that make games run better.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.fleet.gaming;
in
{
  options.fleet.gaming.enable = lib.mkEnableOption "games";

  config = lib.mkIf cfg.enable {
    programs.steam = {
      enable = true;
      remotePlay.openFirewall = true;
    };
    programs.gamemode.enable = true;
    environment.systemPackages = [ pkgs.mangohud ];
  };
}
