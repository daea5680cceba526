{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  fs = lib.attrValues config.fileSystems;
  cifs = lib.any (f: f.fsType == "cifs") fs;
  source = f: if f.device != null then f.device else if f.label != null then "/dev/disk/by-label/${f.label}" else f.fsType;
in
{
  options = {
    fileSystems = opt (types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = {
            enable = bool true;
            mountPoint = str name;
            device = maybe types.nonEmptyStr;
            label = maybe types.nonEmptyStr;
            fsType = str "auto";
            options = opt (types.nonEmptyListOf types.nonEmptyStr) [ "defaults" ];
            neededForBoot = bool false;
            autoFormat = bool false;
            autoResize = bool false;
            noCheck = bool false;
            depends = strings [ ];
          };
        }
      )
    )) { };
    swapDevices = opt (types.listOf (
      types.submodule {
        options = {
          device = need types.nonEmptyStr;
          size = maybe types.int;
          priority = maybe types.int;
          options = strings [ "defaults" ];
          randomEncryption.enable = bool false;
        };
      }
    )) [ ];
  };
  config = {
    assertions = [
      {
        assertion = config.boot.isContainer || config.fileSystems ? "/";
        message = "The ‘fileSystems’ option does not specify your root file system.";
      }
    ]
    ++ map (f: {
      assertion = f.device != null || f.label != null || lib.elem f.fsType [ "tmpfs" "none" ] ;
      message = "The file system ‘${f.mountPoint}’ has neither a device nor a label.";
    }) fs;
    environment.etc.fstab.text =
      lib.concatMapStrings (f: "${source f} ${f.mountPoint} ${f.fsType} ${lib.concatStringsSep "," f.options} 0 ${if f.mountPoint == "/" then "1" else "2"}\n") (lib.filter (f: f.enable) fs)
      + lib.concatMapStrings (s: "${s.device} none swap ${lib.concatStringsSep "," s.options}\n") config.swapDevices;
    system.fsPackages = lib.optional cifs pkgs.cifs-utils;
  };
}
