{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.environment;
  exports = lib.concatLines (lib.mapAttrsToList (k: v: "export ${k}=${lib.escapeShellArg (if lib.isList v then lib.concatStringsSep ":" v else v)}") (cfg.variables // cfg.sessionVariables));
  variables = opt (types.attrsOf (types.oneOf [ (types.listOf types.str) types.str types.path types.int ])) { };
in
{
  options.environment = {
    systemPackages = packages;
    defaultPackages = packages;
    pathsToLink = strings [ ];
    extraOutputsToInstall = strings [ ];
    extraSetup = lines;
    variables = variables;
    sessionVariables = variables;
    shellAliases = opt (types.attrsOf (types.nullOr types.str)) { };
    shells = opt (types.listOf (types.either types.shellPackage types.path)) [ ];
    shellInit = lines;
    interactiveShellInit = lines;
    loginShellInit = lines;
    localBinInPath = bool false;
    homeBinInPath = bool false;
    enableAllTerminfo = bool false;
    binsh = opt types.path "${pkgs.runtimeShell}";
    gnome.excludePackages = packages;
    plasma6.excludePackages = packages;
  };
  options.fonts = {
    packages = packages;
    enableDefaultPackages = bool false;
    fontDir.enable = bool false;
    fontconfig = {
      enable = bool true;
      defaultFonts = {
        serif = strings [ ];
        sansSerif = strings [ ];
        monospace = strings [ ];
        emoji = strings [ ];
      };
    };
  };
  config = {
    environment.systemPackages = [ pkgs.busybox pkgs.bashInteractive ];
    environment.pathsToLink = [ "/bin" "/etc" "/share" ];
    environment.etc = {
      set-environment.text = ''
        export PATH="/run/wrappers/bin:$HOME/.nix-profile/bin:/etc/profiles/per-user/$USER/bin:/run/current-system/sw/bin"
      '' + exports + cfg.shellInit;
      profile.text = ''
        . /etc/set-environment
        ${lib.concatStrings (lib.mapAttrsToList (k: v: lib.optionalString (v != null) "alias ${k}=${lib.escapeShellArg v}\n") cfg.shellAliases)}
        ${cfg.loginShellInit}
        ${cfg.interactiveShellInit}
      '';
      shells.text = lib.concatMapStrings (s: "${if lib.isDerivation s then "/run/current-system/sw${s.shellPath}" else toString s}\n") cfg.shells + "/bin/sh\n";
      "fonts/packages".text = lib.concatMapStrings (p: "${p}\n") config.fonts.packages;
    };
    system.path = pkgs.buildEnv {
      name = "system-path";
      paths = cfg.systemPackages ++ cfg.defaultPackages ++ config.system.fsPackages;
      inherit (cfg) pathsToLink;
      postBuild = cfg.extraSetup;
    };
  };
}
