# Packages and homes that the stand-ins do not evaluate. The recordings are put together from
# the texts in nixpkgs' pkgs/stdenv/generic/check-meta.nix and in home-manager's
# modules/files.nix, because both need all of nixpkgs. `lib` is that of the stand-in.
{ lib }:
let
  pkgs = import ../inputs/nixpkgs {
    system = "aarch64-linux";
    busybox = "";
    inherit lib;
  };
  package =
    meta:
    (pkgs.stdenv.mkDerivation {
      pname = "firefox";
      version = "1.0";
      meta = {
        position = "/nixpkgs/firefox.nix:3";
      }
      // meta;
    }).drvPath;
  home =
    module:
    (import ../inputs/home-manager/lib/configuration.nix {
      inherit pkgs lib;
      modules = [
        module
        {
          home.username = "ann";
          home.homeDirectory = "/home/ann";
          home.stateVersion = "26.05";
        }
      ];
    }).activationPackage.drvPath;
in
{
  "18.09" = {
    unfree = package { license = lib.licenses.unfree; };
    broken = package { broken = true; };
    insecure = package { knownVulnerabilities = [ "CVE-1" "CVE-2" ]; };
    unsupported = package { platforms = [ "x86_64-linux" ]; };
    files-conflict = home {
      home.file.b.text = "1";
      home.file.c = { text = "2"; target = "b"; };
      home.file.z.text = "3";
      home.file.a = { text = "4"; target = "z"; };
    };
  };
}
