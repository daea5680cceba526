# What every host has: the options that its toplevel and its guest are made of.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
in
{
  imports = [ ./agent.nix ];
  options = {
    networking.hostName = mkOption {
      type = types.str;
      default = "nixos";
    };
    system.build = mkOption {
      type = types.lazyAttrsOf types.unspecified;
      default = { };
    };
    services.getty.autologinUser = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    users.users = mkOption {
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption { type = types.str; default = name; };
              home = mkOption { type = types.path; default = "/home/${name}"; };
              isNormalUser = mkOption { type = types.bool; default = false; };
            };
          }
        )
      );
      default = { };
    };
    systemd = lib.genAttrs [ "services" "timers" "sockets" "targets" ] (
      _: mkOption { type = types.attrsOf types.attrs; default = { }; }
    );
    environment.unrelated = mkOption { type = types.str; default = ""; };
  };
  config.system.build.toplevel = derivation {
    name = "nixos-system";
    system = "x86_64-linux";
    builder = "/bin/sh";
    agent = config.services.qemuGuest.enable or false;
    autologin = toString config.services.getty.autologinUser;
    host = builtins.toJSON config.networking.hostName;
  };
}
