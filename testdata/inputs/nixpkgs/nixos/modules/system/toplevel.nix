# The system itself.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.system;
  checked = lib.asserts.checkAssertWarn config.assertions config.warnings;
  release = "26.05";
in
{
  options.system = {
    name = str (if config.networking.hostName == "" then "unnamed" else config.networking.hostName);
    stateVersion = opt types.str release;
    configurationRevision = maybe types.str;
    nixos = {
      release = lib.mkOption { type = types.str; readOnly = true; default = release; };
      version = str "${release}.standin";
      label = opt (types.strMatching "[a-zA-Z0-9:_\\.-]*") cfg.nixos.version;
      tags = strings [ ];
      variant_id = maybe types.str;
    };
    build = lib.mkOption {
      type = types.lazyAttrsOf types.unspecified;
      default = { };
      description = "Derivations that make up the system.";
    };
    path = lib.mkOption { type = types.package; internal = true; };
    fsPackages = packages;
    extraDependencies = opt (types.listOf types.pathInStore) [ ];
    extraSystemBuilderCmds = lines;
    autoUpgrade.enable = bool false;
    autoUpgrade.flake = maybe types.str;
    switch.enable = bool true;
    etc.overlay.enable = bool false;
  };
  options.specialisation = opt (types.attrsOf types.raw) { };
  config = {
    environment.etc.os-release.text = ''
      ID=nixos
      NAME=NixOS
      PRETTY_NAME="NixOS ${cfg.nixos.version}"
      VERSION="${cfg.nixos.version}"
      VERSION_ID="${release}"
    '';
    system.build.toplevel = checked (
      pkgs.runCommand "nixos-system-${cfg.name}-${cfg.nixos.label}" {
        inherit (cfg) path extraSystemBuilderCmds;
        inherit (cfg.build) activate etc;
        params = toString config.boot.kernelParams;
        extraDependencies = map (p: "${p}") cfg.extraDependencies;
        kernel = config.boot.kernelPackages.kernel;
        systemd = config.systemd.package;
        label = cfg.nixos.label;
        revision = cfg.configurationRevision;
        platform = pkgs.stdenv.hostPlatform.system;
        init = pkgs.writeScript "stage-2-init" ''
          #!${pkgs.runtimeShell}
          # What the initrd starts: activate, then hand over to systemd. The activation's output goes
          # to the console and to the kernel's log, from which the journal takes it.
          systemConfig=@out@
          export PATH=${pkgs.busybox}/bin
          echo
          echo '<<< NixOS Stage 2 >>>'
          echo
          mount -o remount,rw /
          mkdir -p /run /tmp
          mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /run
          mount -t devpts devpts /dev/pts 2>/dev/null || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; }
          # Otherwise the kernel drops what is faster than ten lines in five seconds.
          echo on > /proc/sys/kernel/printk_devkmsg
          echo "running activation script..."
          $systemConfig/activate 2>&1 | while read -r line; do
            echo "$line"
            echo "<7>stage-2-init: $line" > /dev/kmsg
          done
          ln -sfn $systemConfig /run/booted-system
          ${config.boot.postBootCommands}
          echo "starting systemd..."
          exec env -i PATH=/run/current-system/systemd/lib/systemd:/run/current-system/sw/bin ${config.systemd.package}/lib/systemd/systemd "$@"
        '';
      } ''
        mkdir $out
        sed "s|@out@|$out|g" $activate > $out/activate
        sed "s|@out@|$out|g" $init > $out/init
        chmod +x $out/activate $out/init
        ln -s $etc/etc $out/etc
        ln -s $path $out/sw
        ln -s $kernel $out/kernel
        ln -s $systemd $out/systemd
        printf %s "$params" > $out/kernel-params
        printf %s "$label" > $out/nixos-version
        printf %s "$platform" > $out/system
        printf %s "''${revision:-}" > $out/configuration-revision
        echo "$extraDependencies" > $out/extra-dependencies
        eval "$extraSystemBuilderCmds"
      ''
    );
  };
}
