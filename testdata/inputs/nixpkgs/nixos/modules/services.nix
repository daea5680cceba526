{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.services;
  daemon = description: ExecStart: {
    inherit description;
    wantedBy = [ "multi-user.target" ];
    serviceConfig = { inherit ExecStart; };
  };
  enabled = names: lib.genAttrs names (n: { enable = on n; });
  show = v: if v == true then "yes" else if v == false then "no" else if lib.isList v then toString v else toString v;
in
{
  options.services = enabled [
    "blueman"
    "dbus"
    "flatpak"
    "fprintd"
    "fwupd"
    "geoclue2"
    "gvfs"
    "power-profiles-daemon"
    "thermald"
    "timesyncd"
    "tumbler"
    "udisks2"
    "upower"
    "xrdp"
  ]
  // {
    openssh = {
      enable = bool false;
      package = opt types.package pkgs.openssh;
      ports = opt (types.listOf types.port) [ 22 ];
      openFirewall = bool true;
      startWhenNeeded = bool false;
      listenAddresses = opt (types.listOf types.attrs) [ ];
      hostKeys = opt (types.listOf types.attrs) [
        {
          type = "ed25519";
          path = "/etc/ssh/ssh_host_ed25519_key";
        }
      ];
      authorizedKeysFiles = strings [ ];
      knownHosts = free;
      settings = settings {
        PasswordAuthentication = bool true;
        KbdInteractiveAuthentication = bool true;
        PermitRootLogin = opt (types.enum [ "yes" "without-password" "prohibit-password" "forced-commands-only" "no" ]) "prohibit-password";
        X11Forwarding = bool false;
        UsePAM = bool true;
      };
      extraConfig = lines;
    };
    pipewire = {
      enable = on "PipeWire service";
      alsa.enable = on "ALSA support";
      alsa.support32Bit = on "32-bit ALSA support on 64-bit systems";
      pulse.enable = on "PulseAudio server emulation";
      jack.enable = on "JACK audio emulation";
      wireplumber.enable = bool true;
      extraConfig = free;
    };
    pulseaudio.enable = bool false;
    printing = {
      enable = bool false;
      drivers = packages;
    };
    avahi = {
      enable = bool false;
      nssmdns4 = bool false;
      openFirewall = bool true;
    };
    tailscale = {
      enable = on "Tailscale client daemon";
      useRoutingFeatures = opt (types.enum [ "none" "client" "server" "both" ]) "none";
      authKeyFile = maybe types.path;
      openFirewall = bool false;
    };
    tlp.enable = bool false;
    tlp.settings = free;
    fstrim.enable = bool false;
    fstrim.interval = str "weekly";
    journald.extraConfig = lines;
    logind.settings = free;
    resolved.enable = bool false;
    udev.extraRules = lines;
    udev.packages = packages;
    xe-guest-utilities.enable = bool false;
    qemuGuest.enable = bool false;
    qemuGuest.package = opt types.package pkgs.qemu_guest_agent;
    spice-vdagentd.enable = bool false;
    cron.enable = bool false;
    cron.systemCronJobs = strings [ ];
    getty.autologinUser = maybe types.str;
    nginx = {
      enable = on "Nginx Web Server";
      virtualHosts = free;
      recommendedProxySettings = bool false;
      recommendedTlsSettings = bool false;
    };
    postgresql = {
      enable = on "PostgreSQL Server";
      ensureDatabases = strings [ ];
      ensureUsers = opt (types.listOf types.attrs) [ ];
      settings = free;
    };
    syncthing = {
      enable = on "Syncthing";
      user = str "syncthing";
      dataDir = opt types.path "/var/lib/syncthing";
      settings = free;
    };
    borgbackup.jobs = free;
    btrfs.autoScrub.enable = bool false;
    smartd.enable = bool false;
    gnome-keyring.enable = bool false;
    samba.enable = bool false;
    samba.settings = free;
  };
  config = lib.mkMerge [
    (lib.mkIf cfg.openssh.enable {
      users.users.sshd = {
        isSystemUser = true;
        group = "sshd";
        description = "SSH privilege separation user";
      };
      users.groups.sshd = { };
      networking.firewall.allowedTCPPorts = lib.mkIf cfg.openssh.openFirewall cfg.openssh.ports;
      environment.etc."ssh/sshd_config".text =
        lib.concatMapStrings (p: "Port ${toString p}\n") cfg.openssh.ports
        + lib.concatLines (lib.mapAttrsToList (k: v: "${k} ${show v}") (lib.filterAttrs (_: v: v != null) cfg.openssh.settings))
        + "AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u\n"
        + lib.concatMapStrings (k: "HostKey ${k.path}\n") cfg.openssh.hostKeys
        + cfg.openssh.extraConfig;
      systemd.services.sshd = daemon "SSH Daemon" "${cfg.openssh.package}/bin/sshd -D -f /etc/ssh/sshd_config" // {
        after = [ "network.target" ];
        # Debian's sshd needs this folder.
        preStart = "mkdir -p /run/sshd\n" + lib.concatMapStrings (k: ''
          if ! [ -s "${k.path}" ]; then
            mkdir -p "$(dirname '${k.path}')"
            ${cfg.openssh.package}/bin/ssh-keygen -q -t "${k.type}" -f "${k.path}" -N ""
          fi
        '') cfg.openssh.hostKeys;
        restartTriggers = [ config.environment.etc."ssh/sshd_config".source ];
      };
    })
    # The agent starts when its port appears.
    (lib.mkIf cfg.qemuGuest.enable {
      services.udev.extraRules = ''
        SUBSYSTEM=="virtio-ports", ATTR{name}=="org.qemu.guest_agent.0", TAG+="systemd", ENV{SYSTEMD_WANTS}="qemu-guest-agent.service"
      '';
      systemd.services.qemu-guest-agent = {
        description = "Run the QEMU Guest Agent";
        serviceConfig = {
          ExecStart = "${cfg.qemuGuest.package}/bin/qemu-ga --statedir /run/qemu-ga";
          Restart = "always";
          RestartSec = 0;
          RuntimeDirectory = "qemu-ga";
        };
      };
    })
    { environment.etc."udev/rules.d/99-local.rules".text = cfg.udev.extraRules; }
    (lib.mkIf (cfg.getty.autologinUser != null) {
      systemd.services."serial-getty@" = {
        description = "Serial Getty on %I";
        after = [ "systemd-user-sessions.service" ];
        unitConfig.BindsTo = "dev-%i.device";
        serviceConfig = {
          ExecStart = "-${pkgs.util-linux}/bin/agetty --login-program /bin/login --autologin ${cfg.getty.autologinUser} --noclear --keep-baud %I 115200,57600,38400,9600 $TERM";
          Type = "idle";
          Restart = "always";
          TTYPath = "/dev/%I";
          TTYReset = true;
          TTYVHangup = true;
          KillMode = "process";
          IgnoreSIGPIPE = false;
          SendSIGHUP = true;
        };
      };
    })
    (lib.mkIf cfg.pipewire.enable {
      assertions = [
        {
          assertion = cfg.pipewire.pulse.enable -> !cfg.pulseaudio.enable;
          message = "PipeWire based PulseAudio server emulation replaces PulseAudio. This option requires `services.pulseaudio.enable` to be set to false";
        }
      ];
      environment.systemPackages = [ pkgs.pipewire ];
    })
    (lib.mkIf cfg.tailscale.enable {
      environment.systemPackages = [ pkgs.tailscale ];
      systemd.services.tailscaled = daemon "Tailscale node agent" "${pkgs.tailscale}/bin/tailscaled";
    })
    (lib.mkIf cfg.printing.enable {
      systemd.services.cups = daemon "CUPS Printing Service" "${pkgs.busybox}/bin/sleep infinity";
    })
    (lib.mkIf cfg.fstrim.enable {
      systemd.timers.fstrim = {
        wantedBy = [ "timers.target" ];
        timerConfig.OnCalendar = cfg.fstrim.interval;
      };
    })
  ];
}
