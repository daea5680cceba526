{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.networking;
  ports = opt (types.listOf types.port) [ ];
  ranges = opt (types.listOf (types.attrsOf types.port)) [ ];
  open = {
    allowedTCPPorts = ports;
    allowedUDPPorts = ports;
    allowedTCPPortRanges = ranges;
    allowedUDPPortRanges = ranges;
  };
in
{
  options.networking = {
    hostName = opt (types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$") "nixos";
    hostId = maybe types.str;
    domain = maybe types.str;
    fqdn = opt types.str (if cfg.domain == null then cfg.hostName else "${cfg.hostName}.${cfg.domain}");
    search = strings [ ];
    nameservers = strings [ ];
    useDHCP = bool true;
    enableIPv6 = bool true;
    useNetworkd = bool false;
    defaultGateway = opt (types.nullOr (types.either types.str types.attrs)) null;
    hosts = opt (types.attrsOf (types.listOf types.str)) { };
    extraHosts = lines;
    interfaces = each {
      useDHCP = maybe types.bool;
      ipv4.addresses = opt (types.listOf types.attrs) [ ];
      ipv6.addresses = opt (types.listOf types.attrs) [ ];
      wakeOnLan.enable = bool false;
    };
    firewall = open // {
      enable = bool true;
      allowPing = bool true;
      checkReversePath = opt (types.either types.bool (types.enum [ "strict" "loose" ])) true;
      trustedInterfaces = strings [ ];
      interfaces = each open;
      extraCommands = lines;
      logRefusedConnections = bool true;
    };
    nftables.enable = bool false;
    networkmanager = {
      enable = on "NetworkManager";
      plugins = packages;
      dns = str "default";
      wifi.backend = str "wpa_supplicant";
      wifi.powersave = maybe types.bool;
    };
    wireless.enable = bool false;
    wireless.networks = free;
    wireless.iwd.enable = bool false;
    wireguard.interfaces = free;
    timeServers = strings [ "0.nixos.pool.ntp.org" ];
  };
  config = lib.mkMerge [
    {
      assertions = [
        {
          assertion = !(cfg.networkmanager.enable && cfg.wireless.enable);
          message = "You can not use networking.networkmanager with networking.wireless.\nExcept if you mark some interfaces as <literal>unmanaged</literal> by NetworkManager.";
        }
      ];
      environment.etc = {
        hostname = lib.mkIf (cfg.hostName != "") { text = "${cfg.hostName}\n"; };
        hosts.text =
          "127.0.0.1 localhost\n::1 localhost\n127.0.0.2 ${cfg.fqdn} ${cfg.hostName}\n"
          + lib.concatStrings (lib.mapAttrsToList (ip: names: "${ip} ${toString names}\n") cfg.hosts)
          + cfg.extraHosts;
      };
      systemd.services.firewall = lib.mkIf cfg.firewall.enable {
        description = "Firewall";
        wantedBy = [ "sysinit.target" ];
        before = [ "network-pre.target" ];
        serviceConfig.Type = "oneshot";
        serviceConfig.RemainAfterExit = true;
        script = ''
          echo "open: tcp ${toString cfg.firewall.allowedTCPPorts} udp ${toString cfg.firewall.allowedUDPPorts}"
        '';
      };
    }
    (lib.mkIf cfg.useDHCP {
      systemd.services.dhcpcd = {
        description = "DHCP Client";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network.target" ];
        before = [ "network-online.target" ];
        serviceConfig.Restart = "on-failure";
        # The first card that udev has named.
        script = ''
          while :; do
            for card in /sys/class/net/*; do
              [ -e "/run/udev/data/n$(cat "$card/ifindex")" ] && [ "''${card##*/}" != lo ] &&
                exec udhcpc -f -i "''${card##*/}" -s ${pkgs.writeShellScript "dhcpcd-run-hook" ''
                  case "$1" in
                    deconfig) ip link set "$interface" up ;;
                    renew | bound)
                      ip addr replace "$ip/$mask" dev "$interface"
                      for r in $router; do ip route replace default via "$r"; done
                      for d in $dns; do echo "nameserver $d"; done > /etc/resolv.conf ;;
                  esac
                ''}
            done
            sleep 1
          done
        '';
      };
    })
    (lib.mkIf cfg.networkmanager.enable {
      users.groups.networkmanager.gid = 57;
      environment.systemPackages = [ pkgs.networkmanager ];
      systemd.services.NetworkManager = {
        description = "Network Manager";
        wantedBy = [ "multi-user.target" ];
        serviceConfig.ExecStart = "${pkgs.networkmanager}/bin/NetworkManager";
      };
    })
  ];
}
