{ lib, ... }:
{
  imports = [ ./units-more.nix ];
  systemd.services.plain = {
    script = "exit 1";
  };
  systemd.services."odd ${"$"}{x}\"y" = { };
  systemd.services."template@".script = "exit 1";
  systemd.timers.plain.timerConfig = { };
  systemd.sockets = lib.mkForce { forced = { }; };
  systemd.targets = lib.mkMerge [
    { merged = { }; }
    (lib.mkIf true { conditional = { }; })
    (lib.mkIf false { off = { }; })
    { member-off = lib.mkIf false { }; }
    { member-on = lib.mkMerge [ (lib.mkIf true { }) ]; }
  ];
  systemd.services.both.after = [ ];
}
