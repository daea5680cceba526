# nixosModules.sops
{ lib, config, pkgs, ... }:
let
  common = import ./common.nix {
    inherit lib config pkgs;
    dir = "/run/secrets";
    owned = true;
  };
  early = lib.filter (s: s.neededForUsers) common.secrets;
  late = lib.filter (s: !s.neededForUsers) common.secrets;
  snippet = manifest: ''
    while read -r file format key path; do
      echo "sops-install-secrets (stand-in): would decrypt $key of $file to $path"
    done < ${manifest}
  '';
  manifest = common.manifest "manifest.json" late;
  manifestForUsers = common.manifest "manifest-for-users.json" early;
in
{
  inherit (common) options;
  config = lib.mkIf (common.secrets != [ ]) {
    inherit (common) assertions;
    system.activationScripts = {
      setupSecrets = lib.mkIf (late != [ ]) {
        deps = [ "specialfs" "users" "groups" ];
        text = "echo 'setting up secrets...'\n" + snippet manifest;
      };
      setupSecretsForUsers = lib.mkIf (early != [ ]) {
        deps = [ "specialfs" ];
        text = "echo 'setting up secrets for users...'\n" + snippet manifestForUsers;
      };
      users.deps = lib.mkIf (early != [ ]) [ "setupSecretsForUsers" ];
    };
    system.build.sops-nix-manifest = manifest;
    system.build.sops-nix-users-manifest = manifestForUsers;
  };
}
