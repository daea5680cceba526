{ lib, config, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.xdg;
  home = config.home.homeDirectory;
  # The same submodule as home.file, under another folder.
  folder = opt (types.attrsOf types.attrs) { };
  under = dir: lib.mapAttrs' (n: f: lib.nameValuePair "${dir}/${n}" (f // lib.optionalAttrs (f ? target) { target = "${dir}/${f.target}"; }));
  relative = lib.removePrefix "${home}/";
in
{
  options.xdg = {
    enable = on "management of XDG base directories";
    configHome = opt types.path "${home}/.config";
    dataHome = opt types.path "${home}/.local/share";
    cacheHome = opt types.path "${home}/.cache";
    stateHome = opt types.path "${home}/.local/state";
    configFile = folder;
    dataFile = folder;
    mimeApps.enable = bool false;
    mimeApps.defaultApplications = free;
    desktopEntries = free;
    portal.enable = bool false;
    portal.extraPortals = packages;
    userDirs.enable = bool false;
    userDirs.createDirectories = bool false;
  };
  config.home = {
    file = lib.mkMerge [
      (under (relative cfg.configHome) cfg.configFile)
      (under (relative cfg.dataHome) cfg.dataFile)
    ];
    sessionVariables = lib.mkIf cfg.enable {
      XDG_CONFIG_HOME = cfg.configHome;
      XDG_DATA_HOME = cfg.dataHome;
      XDG_CACHE_HOME = cfg.cacheHome;
      XDG_STATE_HOME = cfg.stateHome;
    };
  };
}
