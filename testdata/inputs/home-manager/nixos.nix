# nixosModules.home-manager: homes as part of a host.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.home-manager;
  extendedLib = lib // {
    hm = import ./lib { inherit lib; };
  };
  bool = default: mkOption { type = types.bool; inherit default; };

  home = types.submoduleWith {
    description = "Home Manager module";
    class = "homeManager";
    specialArgs = {
      lib = extendedLib;
      osConfig = config;
      nixosConfig = config;
      osClass = "nixos";
      modulesPath = toString ./modules;
    }
    // cfg.extraSpecialArgs;
    modules =
      import ./modules
      ++ [
        (
          { name, ... }:
          {
            _file = ./nixos.nix;
            submoduleSupport.enable = true;
            submoduleSupport.externalPackageInstall = cfg.useUserPackages;
            home.username = lib.mkDefault config.users.users.${name}.name;
            home.homeDirectory = lib.mkDefault config.users.users.${name}.home;
            _module.args.originalPkgs =
              if cfg.useGlobalPkgs then pkgs else pkgs.importAgain { config = { }; overlays = [ ]; };
          }
        )
      ]
      ++ cfg.sharedModules;
  };
in
{
  options.home-manager = {
    useUserPackages = bool false;
    useGlobalPkgs = bool false;
    verbose = bool false;
    startAsUserService = bool false;
    overwriteBackup = bool false;
    backupFileExtension = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    extraSpecialArgs = mkOption {
      type = types.attrs;
      default = { };
    };
    sharedModules = mkOption {
      type = types.listOf types.raw;
      default = [ ];
    };
    users = mkOption {
      type = types.attrsOf home;
      default = { };
      description = "Per-user Home Manager configuration.";
    };
  };

  config = lib.mkIf (cfg.users != { }) {
    warnings = lib.flatten (lib.mapAttrsToList (n: u: map (w: "${n} profile: ${w}") u.warnings) cfg.users);
    assertions = lib.flatten (
      lib.mapAttrsToList (
        n: u: map (a: { inherit (a) assertion; message = "${n} profile: ${a.message}"; }) u.assertions
      ) cfg.users
    );
    users.users = lib.mkIf cfg.useUserPackages (
      lib.mapAttrs (_: u: { packages = [ u.home.path ]; }) cfg.users
    );
    systemd.services = lib.mkIf (!cfg.startAsUserService) (lib.mapAttrs' (
      _: u:
      lib.nameValuePair "home-manager-${u.home.username}" {
        description = "Home Manager environment for ${u.home.username}";
        wantedBy = [ "multi-user.target" ];
        wants = [ "nix-daemon.socket" ];
        after = [ "nix-daemon.socket" ];
        before = [ "systemd-user-sessions.service" ];
        stopIfChanged = false;
        environment = lib.optionalAttrs (cfg.backupFileExtension != null) {
          HOME_MANAGER_BACKUP_EXT = cfg.backupFileExtension;
        };
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          TimeoutStartSec = "5m";
          User = u.home.username;
          SyslogIdentifier = "hm-activate-${u.home.username}";
          ExecStart = "${u.home.activationPackage}/activate --driver-version 1";
        };
        unitConfig.RequiresMountsFor = u.home.homeDirectory;
      }
    ) cfg.users);
    # For each user, a file says what to start, and nixos-activation starts it.
    systemd.user.services = lib.mkIf cfg.startAsUserService {
      home-manager = {
        description = "Home Manager environment for %u";
        wantedBy = [ "default.target" ];
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          SyslogIdentifier = "hm-activate-%u";
          ExecStart = "${pkgs.writeShellScript "hm-activate" ''
            case $USER in
            ${lib.concatStrings (lib.mapAttrsToList (_: u: ''
              ${u.home.username}) exec ${u.home.activationPackage}/activate ;;
            '') cfg.users)}
            esac
          ''}";
        };
      };
    };
  };
}
