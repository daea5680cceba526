# nixosModules.sops, see flake.nix.
{ lib, config, pkgs, ... }:
let
  common = import ./common.nix {
    inherit lib config pkgs;
    owned = true;
  };
  cfg = config.sops;
  early = lib.filter (s: s.neededForUsers) common.secrets;
  late = lib.filter (s: !s.neededForUsers) common.secrets;
  manifest = common.manifest "manifest.json" late common.templates;
  manifestForUsers = common.manifest "manifest-for-users.json" early [ ];
in
{
  inherit (common) options;
  config = lib.mkIf (common.secrets != [ ]) {
    assertions = common.assertions ++ [
      {
        assertion = lib.all (s: s.owner == null || s.owner == "root") early;
        message = "neededForUsers cannot be used for secrets that are not root-owned";
      }
    ];
    sops.placeholder = lib.mkIf (common.templates != [ ]) common.placeholder;

    system.activationScripts = {
      # Before users exist, because their passwords come from here.
      setupSecretsForUsers = lib.mkIf (early != [ ]) {
        deps = [ "specialfs" ] ++ lib.optional cfg.age.generateKey "generate-age-key";
        text = "echo setting up secrets for users...\n" + common.install {
          manifest = manifestForUsers;
          mounted = "/run/secrets-for-users.d";
          link = "/run/secrets-for-users";
          chosen = early;
        };
      };
      users.deps = lib.mkIf (early != [ ]) [ "setupSecretsForUsers" ];
      setupSecrets = lib.mkIf (late ++ common.templates != [ ]) {
        deps = [ "specialfs" "users" "groups" ] ++ lib.optional cfg.age.generateKey "generate-age-key";
        text = "echo setting up secrets...\n" + common.install {
          inherit manifest;
          mounted = "/run/secrets.d";
          link = "/run/secrets";
          chosen = late ++ common.templates;
        };
      };
      generate-age-key = lib.mkIf cfg.age.generateKey "echo 'sops (stand-in): no key is generated'";
    };
    system.build = {
      sops-nix-manifest = manifest;
      sops-nix-users-manifest = manifestForUsers;
    };
  };
}
