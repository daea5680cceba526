{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.home;
  variable = types.oneOf [ types.str types.path types.int types.float ];
  exports = lib.concatLines (
    lib.mapAttrsToList (k: v: "export ${k}=\"${toString v}\"") cfg.sessionVariables
    ++ lib.optional (cfg.sessionPath != [ ]) "export PATH=\"${lib.concatStringsSep ":" cfg.sessionPath}\${PATH:+:}$PATH\""
  );
  # The error about another one lists all.
  releases = [
    "18.09" "19.03" "19.09" "20.03" "20.09" "21.03" "21.05" "21.11" "22.05" "22.11"
    "23.05" "23.11" "24.05" "24.11" "25.05" "25.11" "26.05" "26.11"
  ];
in
{
  options = {
    assertions = opt (types.listOf types.unspecified) [ ];
    warnings = strings [ ];
    lib = opt (types.attrsOf types.attrs) { };
    meta = free;
    submoduleSupport = {
      enable = bool false;
      externalPackageInstall = bool false;
    };
    news.display = opt (types.enum [ "silent" "notify" "show" ]) "notify";
    manual.manpages.enable = bool true;
    fonts.fontconfig.enable = bool false;
    targets.genericLinux.enable = bool false;
    home = {
      username = need types.nonEmptyStr;
      homeDirectory = lib.mkOption {
        type = types.path;
        apply = toString;
      };
      stateVersion = need (types.enum releases);
      enableNixpkgsReleaseCheck = bool true;
      version.release = str "26.05";
      packages = packages;
      extraOutputsToInstall = strings [ ];
      profileDirectory = opt types.path (
        if config.submoduleSupport.externalPackageInstall then
          "/etc/profiles/per-user/${cfg.username}"
        else
          "${cfg.homeDirectory}/.nix-profile"
      );
      sessionVariables = opt (types.lazyAttrsOf variable) { };
      sessionPath = strings [ ];
      shellAliases = aliases;
      shell.enableShellIntegration = bool true;
      language.base = maybe types.str;
      keyboard = maybe types.attrs;
      pointerCursor = maybe types.attrs;
      preferXdgDirectories = bool false;
      path = lib.mkOption { type = types.package; internal = true; };
    };
  };
  config = {
    home.path = pkgs.buildEnv {
      name = "home-manager-path";
      paths = cfg.packages;
    };
    home.packages = [
      (pkgs.writeTextFile {
        name = "hm-session-vars.sh";
        destination = "/etc/profile.d/hm-session-vars.sh";
        text = ''
          # Only source this once.
          if [ -n "$__HM_SESS_VARS_SOURCED" ]; then return; fi
          export __HM_SESS_VARS_SOURCED=1
          ${exports}'';
      })
    ];
  };
}
