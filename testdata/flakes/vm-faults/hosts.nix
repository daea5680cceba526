# The hosts by name. What must not be on the real machine is in `vmVariant`, as in real flakes.
{ lib }:
let
  vm = module: { virtualisation.vmVariant = module; };
  # A service that is part of the boot: its job ends when the script does.
  step = name: script: {
    systemd.services.${name} = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      inherit script;
    };
  };
  breaking = step "broken" ''
    echo "broken: reading /etc/broken.conf"
    echo "broken: line 12: no such setting" >&2
    exit 3
  '';
in
{
  healthy = { };

  failing-unit = breaking;
  two-failing.imports = [
    breaking
    # More than the journal accepts at once.
    (step "also-broken" ''
      i=0
      while [ $i -lt 5000 ]; do echo "also-broken: row $i"; i=$((i + 1)); done
      echo "also-broken: my last words"
      kill -SEGV $$
    '')
  ];
  stuck-job = step "stuck" "exec sleep infinity";
  slow-boot = step "slow" "sleep 20";

  # The kernel panics while units start, or before there are any.
  panic = step "crash" "echo c > /proc/sysrq-trigger";
  early-panic = vm { boot.postBootCommands = "exit 1"; };
  # No output on any console, forever.
  hang = vm {
    boot.kernelParams = [ "quiet" ];
    boot.postBootCommands = "while :; do sleep 3600; done";
    virtualisation.qemu.consoles = lib.mkForce [ "null" ];
  };
  emergency = vm {
    virtualisation.fileSystems."/data" = {
      device = "data";
      fsType = "no-such-filesystem";
      # The shell of emergency mode ends at once if udev is not running yet.
      options = [ "x-systemd.after=systemd-udevd.service" ];
    };
  };
  bad-activation.system.activationScripts.broken = ''
    echo "cannot read /etc/broken.key" >&2
    (exit 4)
  '';

  reboots = step "again" "systemctl --no-block reboot";
  powers-off = step "off" "systemctl --no-block poweroff";

  full-disk.imports = [
    (step "filler" ''
      fallocate -l "$(($(df -P / | awk 'END { print $4 }') - 1024))K" /var/filler
      cat /dev/zero > /var/filler.rest || true
    '')
    (step "writer" "dd if=/dev/zero of=/var/lib/writer count=100")
    {
      systemd.services.filler.after = [ "systemd-logind.service" ];
      systemd.services.writer.after = [ "filler.service" ];
    }
  ];

  # flakeci enables the agent in its VMs; a host can still break its service.
  no-agent = vm { systemd.services.qemu-guest-agent.enable = lib.mkForce false; };
  dying-qemu = vm { virtualisation.qemu.options = [ "-no-such-option" ]; };
  no-runner = vm (
    { pkgs, ... }:
    {
      system.build.vm = lib.mkForce (pkgs.runCommand "no-runner" { } "mkdir -p $out/bin; echo > $out/bin/run");
    }
  );

  # A root shell on the serial line.
  root-shell.services.getty.autologinUser = "root";
}
