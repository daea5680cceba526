# What the module of a host and that of a home share: options, and the check of the files.
{ lib, config, pkgs, dir, owned }:
let
  inherit (lib) mkOption types;
  cfg = config.sops;
  opt = type: default: mkOption { inherit type default; };
  formats = types.enum [ "yaml" "json" "binary" "dotenv" "ini" ];

  secret =
    { name, config, ... }:
    {
      options = {
        name = opt types.str name;
        key = opt types.str (if cfg.defaultSopsKey != null then cfg.defaultSopsKey else name);
        path = opt types.str "${if owned && config.neededForUsers then "/run/secrets-for-users" else dir}/${config.name}";
        format = opt formats cfg.defaultSopsFormat;
        mode = opt types.str "0400";
        sopsFile = opt types.path cfg.defaultSopsFile;
        sopsFileHash = mkOption {
          type = types.str;
          readOnly = true;
          default = lib.optionalString cfg.validateSopsFiles (builtins.hashFile "sha256" config.sopsFile);
        };
      }
      // lib.optionalAttrs owned {
        owner = opt (types.nullOr types.str) "root";
        uid = opt (types.nullOr types.int) 0;
        group = opt (types.nullOr types.str) "root";
        gid = opt (types.nullOr types.int) 0;
        restartUnits = opt (types.listOf types.str) [ ];
        reloadUnits = opt (types.listOf types.str) [ ];
        neededForUsers = opt types.bool false;
      };
    };
  template =
    { name, config, ... }:
    {
      options = {
        name = opt types.str name;
        path = opt types.str "${dir}/rendered/${config.name}";
        content = opt types.lines "";
        mode = opt types.str "0400";
        file = opt types.path (pkgs.writeText config.name config.content);
      }
      // lib.optionalAttrs owned {
        owner = opt types.str "root";
        group = opt types.str "root";
        restartUnits = opt (types.listOf types.str) [ ];
      };
    };
  secrets = lib.attrValues cfg.secrets;
  inStore = p: lib.hasPrefix builtins.storeDir (toString p);
in
{
  options.sops = {
    secrets = opt (types.attrsOf (types.submodule secret)) { };
    templates = opt (types.attrsOf (types.submodule template)) { };
    placeholder = opt (types.attrsOf types.str) { };
    defaultSopsFile = mkOption { type = types.path; };
    defaultSopsFormat = opt types.str "yaml";
    defaultSopsKey = opt (types.nullOr types.str) null;
    validateSopsFiles = opt types.bool true;
    package = opt types.package pkgs.sops;
    environment = opt (types.attrsOf (types.either types.str types.path)) { };
    log = opt (types.listOf types.str) [ "keyImport" "secretChanges" ];
    keepGenerations = opt types.int 1;
    useTmpfs = opt types.bool false;
    age = {
      keyFile = opt (types.nullOr types.str) null;
      generateKey = opt types.bool false;
      sshKeyPaths = opt (types.listOf types.path) (
        if owned && config.services.openssh.enable then
          map (k: k.path) (lib.filter (k: k.type == "ed25519") config.services.openssh.hostKeys)
        else
          [ ]
      );
      plugins = opt (types.listOf types.package) [ ];
    };
    gnupg = {
      home = opt (types.nullOr types.str) null;
      sshKeyPaths = opt (types.listOf types.path) [ ];
    };
  };

  assertions = lib.optionals (secrets != [ ]) (
    [
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
    ++ lib.optionals cfg.validateSopsFiles (
      lib.concatMap (s: [
        {
          assertion = builtins.pathExists s.sopsFile;
          message = "Cannot find path '${toString s.sopsFile}' set in sops.secrets.${lib.strings.escapeNixIdentifier s.name}.sopsFile";
        }
        {
          assertion = builtins.isPath s.sopsFile || (builtins.isString s.sopsFile && inStore s.sopsFile);
          message = "'${toString s.sopsFile}' is not in the Nix store. Either add it to the Nix store or set sops.validateSopsFiles to false";
        }
      ]) secrets
    )
  );

  # Lists what is wanted of which file, and fails the build where a YAML file does not have it.
  manifest = name: chosen: pkgs.runCommand name {
    wanted = lib.concatMapStrings (s: "${s.sopsFile} ${s.format} ${s.key} ${s.path}\n") chosen;
    passAsFile = [ "wanted" ];
  } (
    ''
      cp $wantedPath $out
    ''
    + lib.optionalString cfg.validateSopsFiles ''
      while read -r file format key path; do
        if ! grep -qE '^sops:|"sops"|^sops_|^\[sops\]' "$file"; then
          echo "Error: Cannot validate sops file $file: it holds no sops metadata"
          exit 1
        fi
        [ "$format" = yaml ] || continue
        [ -n "$key" ] || continue
        # a/b/c is c inside b inside a
        if ! awk -v key="$key" '
          BEGIN { n = split(key, want, "/"); at = 1 }
          /^[^#]*:/ {
            match($0, /^ */); depth = RLENGTH
            name = $0; sub(/^ */, "", name); sub(/:.*/, "", name)
            while (at > 1 && depth <= found[at - 1]) at--
            if (at == 1 && depth > 0) next
            if (name == want[at]) { found[at] = depth; if (at == n) { ok = 1; exit }; at++ }
          }
          END { exit !ok }
        ' "$file"; then
          echo "Error: secret $key in $file is not valid: the key '$key' cannot be found"
          exit 1
        fi
      done < $out
    ''
  );
  inherit secrets;
}
