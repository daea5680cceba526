{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.users;
  shellName = s: if lib.isDerivation s then "/run/current-system/sw${s.shellPath or "/bin/sh"}" else s;

  first = lib.findFirst (x: x != null) null;

  user =
    { name, config, ... }:
    {
      options = {
        name = opt (types.passwdEntry types.str) name;
        enable = bool true;
        description = opt (types.passwdEntry types.str) "";
        uid = maybe types.int;
        isSystemUser = bool false;
        isNormalUser = bool false;
        group = str "";
        extraGroups = strings [ ];
        home = opt (types.passwdEntry types.path) "/var/empty";
        homeMode = str "700";
        createHome = bool false;
        shell = opt (types.nullOr (types.either types.shellPackage (types.passwdEntry types.path))) "/run/current-system/sw/bin/nologin";
        ignoreShellProgramCheck = bool false;
        useDefaultShell = bool false;
        password = maybe types.str;
        hashedPassword = maybe (types.passwdEntry types.str);
        hashedPasswordFile = maybe types.str;
        initialPassword = maybe types.str;
        initialHashedPassword = maybe types.str;
        packages = packages;
        linger = opt (types.nullOr types.bool) null;
        autoSubUidGidRange = bool false;
        openssh.authorizedKeys.keys = opt (types.listOf types.singleLineStr) [ ];
        openssh.authorizedKeys.keyFiles = opt (types.listOf types.path) [ ];
        expires = maybe types.str;
      };
      config = lib.mkMerge [
        (lib.mkIf config.isNormalUser {
          group = lib.mkDefault "users";
          createHome = lib.mkDefault true;
          home = lib.mkDefault "/home/${config.name}";
          useDefaultShell = lib.mkDefault true;
        })
        (lib.mkIf config.useDefaultShell { shell = lib.mkOverride 990 cfg.defaultUserShell; })
      ];
    };

  users = lib.filter (u: u.enable) (lib.attrValues cfg.users);
  numbered =
    start: step: list: key:
    lib.listToAttrs (lib.imap0 (n: x: lib.nameValuePair x.name (if x.${key} == null then start + step * n else x.${key})) list);
  uids =
    numbered 1000 1 (lib.filter (u: u.isNormalUser) users) "uid"
    // numbered 999 (-1) (lib.filter (u: !u.isNormalUser) users) "uid";
  gids = numbered 999 (-1) (lib.attrValues cfg.groups) "gid";
  members = g: lib.unique (g.members ++ map (u: u.name) (lib.filter (u: lib.elem g.name u.extraGroups) users));
in
{
  options.users = {
    users = opt (types.attrsOf (types.submodule user)) { };
    groups = opt (types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = {
            name = opt (types.passwdEntry types.str) name;
            gid = maybe types.int;
            members = strings [ ];
          };
        }
      )
    )) { };
    mutableUsers = bool true;
    defaultUserShell = opt (types.either types.shellPackage types.path) pkgs.bashInteractive;
    allowNoPasswordLogin = bool false;
    extraUsers = free;
    motd = maybe types.lines;
  };

  config = {
    users.users = {
      root = {
        uid = 0;
        description = "System administrator";
        home = "/root";
        group = "root";
        isSystemUser = true;
        useDefaultShell = true;
      };
      nobody = {
        uid = 65534;
        isSystemUser = true;
        description = "Unprivileged account (don't use!)";
        group = "nogroup";
      };
      messagebus = {
        uid = 4;
        isSystemUser = true;
        description = "D-Bus system message bus daemon user";
        group = "messagebus";
      };
      systemd-network = {
        uid = 152;
        isSystemUser = true;
        group = "systemd-network";
      };
    };
    # With the numbers of real NixOS; udev, D-Bus and systemd need most of these groups.
    users.groups = lib.mapAttrs (_: gid: { inherit gid; }) {
      root = 0;
      wheel = 1;
      kmem = 2;
      tty = 3;
      messagebus = 4;
      disk = 6;
      uucp = 14;
      audio = 17;
      lp = 20;
      cdrom = 24;
      tape = 25;
      video = 26;
      dialout = 27;
      utmp = 29;
      adm = 55;
      systemd-journal = 62;
      users = 100;
      sgx = 106;
      systemd-network = 152;
      input = 174;
      kvm = 302;
      render = 303;
      shadow = 318;
      nogroup = 65534;
    };

    assertions =
      lib.concatMap (u: [
        {
          assertion = lib.count lib.id [ u.isSystemUser u.isNormalUser ] == 1;
          message = "Exactly one of users.users.${u.name}.isSystemUser and users.users.${u.name}.isNormalUser must be set.\n";
        }
        {
          assertion = u.group != "";
          message = "users.users.${u.name}.group is unset. This used to default to\nnogroup, but this is unsafe. For example you can create a group\nfor this user with:\nusers.users.${u.name}.group = \"${u.name}\";\nusers.groups.${u.name} = {};\n";
        }
      ] ++ map (shell: {
        assertion =
          u.ignoreShellProgramCheck
          || !(lib.isDerivation u.shell && u.shell.pname or "" == shell)
          || config.programs.${shell}.enable;
        message = "users.users.${u.name}.shell is set to ${shell}, but\nprograms.${shell}.enable is not true. This will cause the ${shell}\nshell to lack the basic nix directories in its PATH and might make\nlogging in as that user impossible. You can fix it with:\nprograms.${shell}.enable = true;\n\nIf you know what you're doing and you are fine with the behavior,\nset users.users.${u.name}.ignoreShellProgramCheck = true;\ninstead.\n";
      }) [ "fish" "zsh" ]) users
      ++ [
        {
          assertion =
            cfg.mutableUsers
            || cfg.allowNoPasswordLogin
            || lib.any (
              u:
              (u.name == "root" || lib.elem "wheel" u.extraGroups)
              && (u.hashedPassword != null || u.password != null || u.hashedPasswordFile != null || u.openssh.authorizedKeys.keys != [ ])
            ) users;
          message = "Neither the root account nor any wheel user has a password or SSH authorized key.\nYou must set one to prevent being locked out of your system.";
        }
      ];

    system.build.usersGroups = pkgs.runCommand "users-groups" {
      passwd = lib.concatMapStrings (u: "${u.name}:x:${toString uids.${u.name}}:${toString (gids.${u.group} or 65534)}:${u.description}:${u.home}:${shellName u.shell}\n") users;
      group = lib.concatMapStrings (g: "${g.name}:x:${toString gids.${g.name}}:${lib.concatStringsSep "," (members g)}\n") (lib.attrValues cfg.groups);
      # A plain password would have to be hashed here, but nobody logs in with one.
      shadow = lib.concatMapStrings (u: "${u.name}:${first [ u.hashedPassword u.initialHashedPassword "!" ]}:1::::::\n") users;
      passwordFiles = lib.concatMapStrings (u: "${u.name} ${u.hashedPasswordFile}\n") (lib.filter (u: u.hashedPasswordFile != null) users);
      homes = lib.concatMapStrings (u: "${u.home} ${u.homeMode} ${toString uids.${u.name}} ${toString (gids.${u.group} or 65534)}\n") (lib.filter (u: u.createHome) users);
      passAsFile = [ "passwd" "group" "shadow" "passwordFiles" "homes" ];
    } ''
      mkdir $out
      cp $passwdPath $out/passwd
      cp $groupPath $out/group
      cp $shadowPath $out/shadow
      cp $passwordFilesPath $out/password-files
      cp $homesPath $out/homes
    '';
    environment.etc = lib.mkMerge (
      map (
        u:
        let
          keys = u.openssh.authorizedKeys.keys ++ map lib.fileContents u.openssh.authorizedKeys.keyFiles;
        in
        lib.mkIf (keys != [ ]) { "ssh/authorized_keys.d/${u.name}" = { mode = "0444"; text = lib.concatLines keys; }; }
      ) users
      ++ map (u: lib.mkIf (u.packages != [ ]) {
        "profiles/per-user/${u.name}".source = pkgs.buildEnv { name = "user-environment"; paths = u.packages; };
      }) users
    );
    # Adds accounts that do not exist yet; real NixOS does the same with more care.
    system.activationScripts.users.text = ''
      mkdir -p "$root/etc"
      for kind in passwd group shadow; do
        touch "$root/etc/$kind"
        while IFS=: read -r name rest; do
          grep -q "^$name:" "$root/etc/$kind" || echo "$name:$rest" >> "$root/etc/$kind"
        done < ${config.system.build.usersGroups}/$kind
      done
      chmod 0640 "$root/etc/shadow"
      [ -n "$root" ] || chgrp shadow /etc/shadow
      while read -r name file; do
        if [ -e "$file" ]; then
          hash=$(head -n 1 "$file")
          case $hash in *[!a-zA-Z0-9./=,\$*!_-]*) echo "warning: $file holds no hash of a password" >&2; continue ;; esac
          sed -i "s|^$name:[^:]*:|$name:$hash:|" "$root/etc/shadow"
        else
          echo "warning: password file ‘$file’ does not exist" >&2
        fi
      done < ${config.system.build.usersGroups}/password-files
      while read -r home mode uid gid; do
        [ -d "$root$home" ] || { mkdir -p "$root$home"; chmod "$mode" "$root$home"; [ -n "$root" ] || chown "$uid:$gid" "$home"; }
      done < ${config.system.build.usersGroups}/homes
    '';
    # Services of users who linger start with the system, not with their first login.
    system.activationScripts.linger = lib.concatMapStrings (u: lib.optionalString (u.linger == true) ''
      mkdir -p "$root/var/lib/systemd/linger"
      touch "$root/var/lib/systemd/linger/${u.name}"
    '') users;
    system.activationScripts.groups = {
      deps = [ "users" ];
      text = "";
    };
  };
}
