# systemd units as files.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  # A line of a unit file. A list is several lines, and its definitions add up.
  free = opt (types.attrsOf (lib.mkOptionType {
    name = "systemd option";
    merge =
      loc: defs:
      if lib.any (d: lib.isList d.value) defs then
        lib.concatMap (d: lib.toList d.value) defs
      else
        lib.mergeEqualOption loc defs;
  })) { };
  unitOptions = {
    enable = bool true;
    description = str "";
    documentation = strings [ ];
    requires = strings [ ];
    wants = strings [ ];
    upholds = strings [ ];
    after = strings [ ];
    before = strings [ ];
    bindsTo = strings [ ];
    partOf = strings [ ];
    conflicts = strings [ ];
    wantedBy = strings [ ];
    requiredBy = strings [ ];
    aliases = strings [ ];
    onFailure = strings [ ];
    unitConfig = free;
    restartTriggers = opt (types.listOf types.unspecified) [ ];
    overrideStrategy = str "asDropinIfExists";
  };
  serviceOptions = unitOptions // {
    serviceConfig = free;
    environment = opt (types.attrsOf (types.nullOr (types.oneOf [ types.str types.path types.package ]))) { };
    path = opt (types.listOf (types.oneOf [ types.package types.str ])) [ ];
    script = lines;
    scriptArgs = str "";
    preStart = lines;
    postStart = lines;
    preStop = lines;
    postStop = lines;
    reload = lines;
    startAt = opt (types.either types.str (types.listOf types.str)) [ ];
    restartIfChanged = bool true;
    reloadIfChanged = bool false;
    stopIfChanged = bool true;
    startLimitBurst = opt (types.nullOr types.int) null;
    startLimitIntervalSec = opt (types.nullOr types.int) null;
  };
  kind = extra: opt (types.attrsOf (types.submodule { options = unitOptions // extra; })) { };

  value = v: if v == true then "true" else if v == false then "false" else toString v;
  section =
    name: set:
    let
      line = k: v: if v == null then "" else if lib.isList v then lib.concatMapStrings (x: "${k}=${value x}\n") v else "${k}=${value v}\n";
      body = lib.concatStrings (lib.mapAttrsToList line set);
    in
    lib.optionalString (body != "") "[${name}]\n${body}\n";
  list = k: v: lib.optionalAttrs (v != [ ]) { ${k} = lib.concatStringsSep " " v; };
  unitSection =
    u:
    section "Unit" (
      lib.optionalAttrs (u.description != "") { Description = u.description; }
      // list "Requires" u.requires
      // list "Wants" u.wants
      // list "After" u.after
      // list "Before" u.before
      // list "BindsTo" u.bindsTo
      // list "PartOf" u.partOf
      // list "Conflicts" u.conflicts
      // list "OnFailure" u.onFailure
      // list "X-Restart-Triggers" (map toString u.restartTriggers)
      // u.unitConfig
    );
  installSection = u: section "Install" (list "WantedBy" u.wantedBy // list "RequiredBy" u.requiredBy);
  shellFile = name: text: "${pkgs.writeShellScript name "set -e\n${text}"}";
  serviceText =
    name: u:
    unitSection u
    + section "Service" (
      {
        Environment =
          lib.mapAttrsToList (k: v: "\"${k}=${v}\"") (lib.filterAttrs (_: v: v != null) (
            { PATH = lib.makeBinPath (u.path ++ [ pkgs.bash cfg.package pkgs.busybox ]); } // u.environment
          ));
      }
      // lib.optionalAttrs (u.preStart != "") { ExecStartPre = shellFile "unit-script-${name}-pre-start" u.preStart; }
      // lib.optionalAttrs (u.script != "") { ExecStart = "${shellFile "unit-script-${name}-start" u.script} ${u.scriptArgs}"; }
      // lib.optionalAttrs (u.postStart != "") { ExecStartPost = shellFile "unit-script-${name}-post-start" u.postStart; }
      // lib.optionalAttrs (u.postStop != "") { ExecStopPost = shellFile "unit-script-${name}-post-stop" u.postStop; }
      // u.serviceConfig
    )
    + installSection u;

  startsNothing = u: u.overrideStrategy == "asDropin" || u.script == "" && !(u.serviceConfig ? ExecStart) && !(u.serviceConfig ? ExecStop);

  cfg = config.systemd;
  all =
    cfgs:
    let
      typed =
        suffix: set: toText:
        lib.mapAttrs' (n: u: lib.nameValuePair "${n}.${suffix}" { inherit (u) enable wantedBy requiredBy; text = toText n u; }) set;
      plain = title: attr: _: u: unitSection u + section title u.${attr} + installSection u;
    in
    lib.mapAttrs (n: u: u // { adds = startsNothing cfgs.services.${lib.removeSuffix ".service" n}; }) (typed "service" cfgs.services serviceText)
    // typed "timer" cfgs.timers (plain "Timer" "timerConfig")
    // typed "socket" cfgs.sockets (plain "Socket" "socketConfig")
    // typed "target" cfgs.targets (_: u: unitSection u + installSection u);
  mountName = where: if where == "/" then "-" else lib.replaceStrings [ "/" ] [ "-" ] (lib.removePrefix "/" where);
  mountUnits =
    suffix: title: attr: units:
    lib.listToAttrs (
      map (
        u:
        lib.nameValuePair "${mountName u.where}.${suffix}" {
          inherit (u) enable wantedBy requiredBy;
          text =
            unitSection u
            + section title (
              lib.optionalAttrs (u ? what) { What = u.what; Type = u.type; Options = u.options; } // { Where = u.where; } // u.${attr}
            )
            + installSection u;
        }
      ) units
    );
  systemUnits = all cfg // mountUnits "mount" "Mount" "mountConfig" cfg.mounts // mountUnits "automount" "Automount" "automountConfig" cfg.automounts;

  # A folder of unit files, with the links that `systemctl enable` would make.
  unitsFolder =
    name: units: more:
    pkgs.runCommand name {
      entries = lib.concatStrings (
        lib.mapAttrsToList (
          n: u:
          let
            # systemd would take a link to a file of another name for an alias.
            file = pkgs.writeTextFile {
              name = "unit-${lib.replaceStrings [ "@" "\\" ] [ "-" "-" ] n}";
              inherit (u) text;
              destination = "/${n}";
            };
          in
          # A disabled unit is masked, so that no other definition counts. A service that
          # starts nothing adds to one that systemd has itself.
          if !u.enable then
            "${n} /dev/null\n"
          else
            "${n}${lib.optionalString (u.adds or false) ".d/overrides.conf"} ${file}/${n} ${toString (map (t: "${t}.wants") u.wantedBy ++ map (t: "${t}.requires") u.requiredBy)}\n"
        ) units
      );
      passAsFile = [ "entries" ];
    } ''
      mkdir $out
      ${more}
      while read -r place file links; do
        unit="''${place%.d/overrides.conf}"
        mkdir -p "$(dirname "$out/$place")"
        ln -s "$file" "$out/$place"
        for dir in $links; do
          mkdir -p "$out/$dir"
          ln -s "../$unit" "$out/$dir/$unit"
        done
      done < $entriesPath
    '';
  startAt = u: lib.toList u.startAt;
in
{
  options.systemd = {
    package = opt types.package pkgs.systemd;
    services = opt (types.attrsOf (types.submodule { options = serviceOptions; })) { };
    timers = kind { timerConfig = free; };
    sockets = kind { socketConfig = free; listenStreams = strings [ ]; };
    targets = kind { };
    paths = kind { pathConfig = free; };
    slices = kind { sliceConfig = free; };
    mounts = opt (types.listOf (types.submodule {
      options = unitOptions // {
        what = need types.str;
        where = need types.str;
        type = str "";
        options = str "";
        mountConfig = free;
      };
    })) [ ];
    automounts = opt (types.listOf (types.submodule {
      options = unitOptions // {
        where = need types.str;
        automountConfig = free;
      };
    })) [ ];
    tmpfiles.rules = strings [ ];
    tmpfiles.settings = free;
    user.services = opt (types.attrsOf (types.submodule { options = serviceOptions; })) { };
    user.timers = kind { timerConfig = free; };
    user.sockets = kind { socketConfig = free; };
    user.targets = kind { };
    user.tmpfiles.rules = strings [ ];
    network.enable = bool false;
    network.networks = free;
    network.wait-online.enable = bool true;
    extraConfig = lines;
    settings.Manager = free;
    coredump.enable = bool true;
    oomd.enable = bool true;
    sleep.extraConfig = lines;
    defaultUnit = str "multi-user.target";
    enableEmergencyMode = bool true;
    sysusers.enable = bool false;
  };
  config = {
    assertions = lib.mapAttrsToList (n: u: {
      assertion = u.script == "" || !(u.serviceConfig ? ExecStart);
      message = "Service '${n}' has both a script and serviceConfig.ExecStart; only one can be set.";
    }) cfg.services;
    systemd.timers = lib.mapAttrs (_: u: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = startAt u;
    }) (lib.filterAttrs (_: u: u.enable && startAt u != [ ]) cfg.services);
    environment.etc = {
      "systemd/system".source = unitsFolder "system-units" systemUnits ''
        # systemd's own targets are where Debian has them.
        ln -s ${lib.optionalString (!(systemUnits ? ${cfg.defaultUnit})) "/lib/systemd/system/"}${cfg.defaultUnit} $out/default.target
      '';
      "systemd/user".source = unitsFolder "user-units" (all cfg.user) "";
      "tmpfiles.d/00-nixos.conf".text = lib.concatLines cfg.tmpfiles.rules;
    };
  };
}
