# Small builders: files, scripts, and trees of links.
{ lib }:
final: _:
let
  inherit (final.stdenv) mkDerivation;

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      meta ? { },
      derivationArgs ? { },
      ...
    }:
    mkDerivation (
      derivationArgs
      // {
        inherit name meta text;
        passAsFile = [ "text" ];
        buildCommand = ''
          target="$out${destination}"
          mkdir -p "$(dirname "$target")"
          cp "$textPath" "$target"
          chmod ${if executable then "+x" else "-x"} "$target"
        '';
      }
    );

  script = text: "#!${final.runtimeShell}\n${text}\n";

  # Trees of links. If two packages have the same file, the first wins, or the one with the smaller
  # priority number. A real conflict between different files is only a line in the log.
  buildEnv =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      ignoreCollisions ? false,
      postBuild ? "",
      meta ? { },
      extraOutputsToInstall ? [ ],
      passthru ? { },
      ...
    }:
    let
      byPriority = lib.sort (a: b: a.meta.priority or 5 < b.meta.priority or 5) (
        lib.filter (p: p != null) (lib.flatten paths)
      );
    in
    mkDerivation {
      inherit name meta passthru postBuild;
      chosen = map (p: "${p}") byPriority;
      passAsFile = [ "chosen" ];
      only = pathsToLink;
      buildCommand = ''
        mkdir -p $out
        for tree in $(cat $chosenPath); do
          for sub in $only; do
            [ -d "$tree$sub" ] || continue
            ( cd "$tree$sub" && find . -type d ) | while read -r d; do mkdir -p "$out$sub/$d"; done
            ( cd "$tree$sub" && find . ! -type d ) | while read -r f; do
              [ -e "$out$sub/$f" ] || [ -L "$out$sub/$f" ] || ln -s "$tree$sub/$f" "$out$sub/$f"
            done
          done
        done
        eval "$postBuild"
      '';
    };

  toINI = lib.generators.toINI { };
  # TOML of strings, numbers, booleans, lists and tables.
  toTOML =
    let
      value =
        v:
        if builtins.isList v then
          "[${lib.concatMapStringsSep ", " value v}]"
        else if builtins.isAttrs v then
          "{ ${lib.concatStringsSep ", " (lib.mapAttrsToList (k: x: "${key k} = ${value x}") v)} }"
        else
          builtins.toJSON v;
      key = k: if builtins.match "[A-Za-z0-9_-]+" k != null then k else builtins.toJSON k;
      table =
        path: set:
        let
          plain = lib.filterAttrs (_: v: !builtins.isAttrs v) set;
          tables = lib.filterAttrs (_: builtins.isAttrs) set;
        in
        lib.optionalString (path != [ ] && (plain != { } || tables == { })) "[${lib.concatMapStringsSep "." key path}]\n"
        + lib.concatLines (lib.mapAttrsToList (k: v: "${key k} = ${value v}") plain)
        + lib.concatStrings (lib.mapAttrsToList (k: table (path ++ [ k ])) tables);
    in
    table [ ];

  format = toText: {
    type = lib.types.attrsOf lib.types.anything;
    generate = name: value: final.writeText name (toText value);
  };
in
{
  inherit writeTextFile buildEnv;
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      name = baseNameOf path;
      inherit text;
      destination = "/${path}";
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
      meta.mainProgram = name;
    };
  writeShellScript = name: text: final.writeScript name (script text);
  writeShellScriptBin = name: text: final.writeScriptBin name (script text);
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      meta ? { },
      ...
    }:
    writeTextFile {
      inherit name;
      meta = { mainProgram = name; } // meta;
      executable = true;
      destination = "/bin/${name}";
      text = script ''
        set -o errexit -o nounset
        export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
        ${text}'';
    };

  runCommand =
    name: env: buildCommand:
    mkDerivation ({ inherit name buildCommand; } // env);
  runCommandLocal = final.runCommand;
  runCommandCC = final.runCommand;
  symlinkJoin =
    args@{ paths, ... }:
    buildEnv (args // { name = args.name or "${args.pname}-${args.version}"; inherit paths; });
  linkFarm =
    name: entries:
    let
      list =
        if builtins.isList entries then entries else lib.mapAttrsToList (name: path: { inherit name path; }) entries;
    in
    final.runCommand name { } ''
      mkdir -p $out
      ${lib.concatMapStrings (e: ''
        mkdir -p "$(dirname $out/${lib.escapeShellArg e.name})"
        ln -s ${lib.escapeShellArg "${e.path}"} $out/${lib.escapeShellArg e.name}
      '') list}
    '';
  emptyDirectory = final.runCommand "empty-directory" { } "mkdir $out";
  emptyFile = final.runCommand "empty-file" { } "touch $out";

  # Builds a list of what would be in the shell, as `nix build .#devShells…` of a real one does.
  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      shellHook ? "",
      ...
    }@args:
    mkDerivation (
      removeAttrs args [ "packages" "inputsFrom" ]
      // {
        inherit name shellHook buildInputs;
        nativeBuildInputs =
          packages ++ nativeBuildInputs ++ lib.concatMap (p: p.drvAttrs.nativeBuildInputs or [ ]) inputsFrom;
        buildCommand = ''
          echo "$PATH" > $out
        '';
      }
    );
  mkShellNoCC = final.mkShell;

  # Offline, only a fixed-output derivation whose content is already here can work.
  fetchurl =
    { url ? "", name ? baseNameOf url, hash ? sha256, sha256 ? "", ... }:
    mkDerivation {
      inherit name;
      outputHash = hash;
      outputHashAlgo = if lib.hasPrefix "sha256-" hash then null else "sha256";
      outputHashMode = "flat";
      buildCommand = ''
        echo "trying ${url}"
        echo "curl: (6) Could not resolve host" >&2
        exit 1
      '';
    };

  formats = {
    json = _: format builtins.toJSON;
    yaml = _: format builtins.toJSON; # JSON is YAML
    toml = _: format toTOML;
    ini = _: format toINI;
    keyValue = _: format (lib.generators.toKeyValue { });
  };
  callPackage =
    f: args:
    let
      fn = if lib.isFunction f then f else import f;
      auto = builtins.intersectAttrs (lib.functionArgs fn) final;
      result = fn (auto // args);
    in
    if builtins.isAttrs result then
      result // { override = more: final.callPackage fn (args // (if lib.isFunction more then more (auto // args) else more)); }
    else
      result;
  callPackages = final.callPackage;
  newScope = extra: f: args: final.callPackage f (extra // args);
}
