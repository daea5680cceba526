# Shared by the modules of hosts and homes: options, assertions, and the check of the
# files. `owned`: a host's secrets have owners, units that use them, and a time when they are needed.
{ lib, config, pkgs, owned }:
let
  inherit (lib) mkOption types;
  cfg = config.sops;
  opt = type: default: mkOption { inherit type default; };
  maybe = type: opt (types.nullOr type) null;
  list = type: opt (types.listOf type) [ ];
  formats = types.enum [ "yaml" "json" "binary" "dotenv" "ini" ];
  inStore = p: lib.hasPrefix builtins.storeDir (toString p);
  # Everyone can read a private key in the store.
  outsideStore = types.addCheck types.str (p: !inStore p) // {
    description = "path not in the Nix store";
  };

  dir = if owned then "/run/secrets" else cfg.defaultSymlinkPath;
  # A host's own ssh keys, except those that sops itself would have to install first.
  hostKeys =
    algorithm:
    lib.optionals (owned && config.services.openssh.enable) (
      map (k: k.path) (
        lib.filter (k: k.type == algorithm && !lib.hasPrefix "/run/secrets" k.path) config.services.openssh.hostKeys
      )
    );
  groupOf = owner: if owner == null then null else config.users.users.${owner}.group;
  ownership = owner: lib.optionalAttrs owned {
    owner = maybe types.str;
    uid = opt (types.nullOr types.int) 0;
    group = opt (types.nullOr types.str) (groupOf owner);
    gid = opt (types.nullOr types.int) 0;
    restartUnits = list types.str;
    reloadUnits = list types.str;
  };

  secret =
    { name, config, ... }:
    {
      options = {
        name = opt types.str name;
        key = opt types.str (if cfg.defaultSopsKey != null then cfg.defaultSopsKey else name);
        path = opt types.str "${if config.neededForUsers or false then "/run/secrets-for-users" else dir}/${config.name}";
        format = opt formats cfg.defaultSopsFormat;
        mode = opt types.str "0400";
        sopsFile = opt types.path cfg.defaultSopsFile;
        # For restartTriggers: changes when the file does.
        sopsFileHash = mkOption {
          type = types.str;
          readOnly = true;
          default = lib.optionalString cfg.validateSopsFiles (builtins.hashFile "sha256" config.sopsFile);
        };
      }
      // ownership config.owner
      // lib.optionalAttrs owned { neededForUsers = opt types.bool false; };
    };
  template =
    { name, config, ... }:
    {
      options = {
        name = opt types.singleLineStr name;
        path = opt types.singleLineStr "${dir}/rendered/${config.name}";
        content = opt types.lines "";
        mode = opt types.singleLineStr "0400";
        file = opt types.path (pkgs.writeText config.name config.content);
      }
      // ownership config.owner;
    };

  secrets = lib.attrValues cfg.secrets;
  templates = lib.attrValues cfg.templates;

  # Looks for `key` in a file that sops wrote; a/b/c is c inside b inside a. Quotes, tabs and braces are
  # those of JSON. Lines of a sequence and of a text block have no key.
  holdsKey = pkgs.writeText "holds-key.awk" ''
    /^[ \t]*[^ \t#-][^:]*:/ {
      match($0, /^[ \t]*/); depth = RLENGTH
      name = substr($0, depth + 1); sub(/:.*/, "", name); gsub(/^"|"$/, "", name)
      while (n > 0 && at[n] >= depth) n--
      n++; at[n] = depth; path[n] = (n > 1 ? path[n - 1] "/" : "") name
      if (path[n] == ENVIRON["key"]) { found = 1; exit }
    }
    END { exit !found }
  '';

  # The wanted secrets as JSON. Its build fails if a file does not have one.
  manifest = name: chosen: rendered: pkgs.runCommand name {
    manifest = builtins.toJSON {
      secrets = map (s: removeAttrs s [ "sopsFileHash" ] // { sopsFile = "${s.sopsFile}"; }) chosen;
      templates = map (t: { inherit (t) name path mode; file = "${t.file}"; }) rendered;
    };
    # The key comes last, because it may have spaces.
    wanted = lib.concatMapStrings (s: "${s.format} ${s.sopsFile} ${s.key}\n") chosen;
    passAsFile = [ "manifest" "wanted" ];
  } (
    lib.optionalString cfg.validateSopsFiles ''
      while read -r format file key; do
        if ! grep -qE '^sops:|"sops":|^sops_|^\[sops\]' "$file"; then
          echo "Error: cannot validate $file: it holds no sops metadata, so it is not encrypted" >&2
          exit 1
        fi
        case "$format" in yaml | json) ;; *) continue ;; esac
        [ -n "$key" ] || continue # the whole file
        if ! key="$key" awk -f ${holdsKey} "$file"; then
          echo "Error: secret $key in $file is not valid: the key '$key' cannot be found" >&2
          exit 1
        fi
      done < $wantedPath
    ''
    + ''
      cp $manifestPath $out
    ''
  );

  # Stands in for sops-install-secrets: the script puts everything where the real one would,
  # with its owner and mode, but the content only says what it is. `mounted` is the folder
  # of the files, and `link` is where programs look for it. The script names the manifest, so that a
  # system or home cannot be built with a secret that does not exist.
  install = { manifest, mounted, link, chosen }: ''
    echo "sops-install-secrets (stand-in): nothing is decrypted, these hold no secret (${manifest}):"
    mkdir -p "''${root:-}${mounted}/1" "$(dirname "''${root:-}${link}")"
    chmod 0751 "''${root:-}${mounted}" "''${root:-}${mounted}/1"
    ln -sfn "${mounted}/1" "''${root:-}${link}"
  ''
  + lib.concatMapStrings (s: ''
    echo "  ${s.path}"
    file="''${root:-}${mounted}/1/${s.name}"
    mkdir -p "$(dirname "$file")"
    rm -f "$file"
    echo "sops (stand-in), not decrypted: ${s.name}" > "$file"
    ${lib.optionalString owned ''
      # A trial elsewhere has no such users.
      [ -n "''${root:-}" ] || chown "${id s.owner s.uid}:${id s.group s.gid}" "$file"
    ''}
    chmod ${s.mode} "$file"
    ${lib.optionalString (s.path != "${link}/${s.name}") ''
      mkdir -p "$(dirname "''${root:-}${s.path}")"
      ln -sfn "${mounted}/1/${s.name}" "''${root:-}${s.path}"
    ''}
  '') chosen;
  id = name: number: if name != null then name else toString number;
in
{
  inherit secrets templates manifest install;

  options.sops = {
    secrets = opt (types.attrsOf (types.submodule secret)) { };
    templates = opt (types.attrsOf (types.submodule template)) { };
    placeholder = opt (types.attrsOf types.str) { };
    defaultSopsFile = mkOption { type = types.path; };
    defaultSopsFormat = opt types.str "yaml";
    defaultSopsKey = maybe types.str;
    validateSopsFiles = opt types.bool true;
    package = opt types.package pkgs.sops;
    environment = opt (types.attrsOf (types.either types.str types.path)) { };
    log = opt (types.listOf (types.enum [ "keyImport" "secretChanges" ])) [ "keyImport" "secretChanges" ];
    keepGenerations = opt types.ints.unsigned 1;
    age = {
      keyFile = maybe outsideStore;
      generateKey = opt types.bool false;
      sshKeyPaths = opt (types.listOf types.path) (hostKeys "ed25519");
      plugins = list types.package;
    };
    gnupg = {
      home = maybe types.str;
      sshKeyPaths = opt (types.listOf types.path) (hostKeys "rsa");
    };
  }
  // (
    if owned then
      { useTmpfs = opt types.bool false; }
    else
      { defaultSymlinkPath = opt types.str "${config.xdg.configHome}/sops-nix/secrets"; }
  );

  # A template's content has these in the place of the secret.
  placeholder = lib.mapAttrs (
    name: _: lib.mkDefault "<SOPS:${builtins.hashString "sha256" name}:PLACEHOLDER>"
  ) cfg.secrets;

  assertions = [
    {
      assertion =
        cfg.gnupg.home != null || cfg.gnupg.sshKeyPaths != [ ] || cfg.age.keyFile != null || cfg.age.sshKeyPaths != [ ];
      message = "No key source configured for sops. Either set services.openssh.enable or set sops.age.keyFile or sops.gnupg.home";
    }
    {
      assertion = !(cfg.gnupg.home != null && cfg.gnupg.sshKeyPaths != [ ]);
      message = "Exactly one of sops.gnupg.home and sops.gnupg.sshKeyPaths must be set";
    }
  ]
  ++ lib.concatMap (
    s:
    lib.optionals cfg.validateSopsFiles [
      {
        assertion = builtins.pathExists s.sopsFile;
        message = "Cannot find path '${s.sopsFile}' set in sops.secrets.${lib.escapeNixIdentifier s.name}.sopsFile";
      }
      {
        assertion = builtins.isPath s.sopsFile || inStore s.sopsFile;
        message = "'${toString s.sopsFile}' is not in the Nix store. Either add it to the Nix store or set sops.validateSopsFiles to false";
      }
    ]
    ++ lib.optionals owned [
      {
        assertion = s.uid != null && s.uid != 0 -> s.owner == null;
        message = "In ${s.name} exactly one of sops.owner and sops.uid must be set";
      }
      {
        assertion = s.gid != null && s.gid != 0 -> s.group == null;
        message = "In ${s.name} exactly one of sops.group and sops.gid must be set";
      }
    ]
  ) secrets;
}
