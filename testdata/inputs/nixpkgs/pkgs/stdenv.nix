# How a package is built: a busybox shell, and nixpkgs' checks of `meta`.
{
  lib,
  system,
  config,
  busybox,
}:
final: _:
let
  inherit (lib) words;
  hostPlatform = lib.systems.elaborate system;

  # Its path must end in /busybox; otherwise it does not know which applet it is.
  shell =
    if builtins.pathExists "${busybox}/busybox" then
      "${busybox}/busybox"
    else
      throw "the nixpkgs stand-in has no busybox in ${busybox}: pass --override-input nixpkgs/busybox path:DIR, DIR holding a static busybox";

  # All applets by name: the PATH of every build.
  tools = derivation {
    name = "busybox-tools-1.36";
    inherit system;
    builder = shell;
    args = [
      "sh"
      "-ec"
      ''
        ${shell} mkdir -p $out/bin
        for applet in $(${shell} --list); do
          ${shell} ln -s ${shell} $out/bin/$applet
        done
        ${shell} ln -s ${shell} $out/bin/shell
        printf '#!%s sh\nexec %s sh "$@"\n' ${shell} ${shell} > $out/bin/bash
        ${shell} chmod +x $out/bin/bash
        exit 0
      ''
    ];
  };

  # Why a package must not be evaluated here, or null. As in pkgs/stdenv/generic/check-meta.nix.
  refusal =
    { name, pname, version }@package:
    meta:
    let
      allow = config.allowUnfreePredicate or (_: false);
      refuse =
        { what, advice }:
        detail:
        words.refusal {
          inherit name;
          inherit (meta) position;
          why = if lib.isString what then what else what detail;
          advice = advice (package // { issues = meta.knownVulnerabilities; });
        };
    in
    if meta.unfree && !(config.allowUnfree or false) && !(allow package) then
      refuse words.unfree (toString (map (l: l.shortName) (lib.toList meta.license)))
    else if meta.broken && !(config.allowBroken or false) then
      refuse words.broken null
    else if meta.unsupported && !(config.allowUnsupportedSystem or false) then
      refuse words.unsupported {
        platform = hostPlatform;
        inherit (meta) platforms;
        badPlatforms = meta.badPlatforms or [ ];
      }
    else if meta.insecure && !(lib.elem name (config.permittedInsecurePackages or [ ])) then
      refuse words.insecure null
    else
      null;

  mkDerivation =
    arg:
    let
      attrs = if lib.isFunction arg then lib.fix (self: arg (self // { finalPackage = package; })) else arg;
      version = attrs.version or "";
      pname = attrs.pname or (lib.getName attrs);
      name = attrs.name or "${pname}-${version}";
      platforms = attrs.meta.platforms or lib.platforms.all;
      pos = builtins.unsafeGetAttrPos (if attrs ? pname then "pname" else "name") attrs;
      meta =
        {
          inherit name;
          position = if pos == null then "«unknown-file»" else "${pos.file}:${toString pos.line}";
          outputsToInstall = [ "out" ];
        }
        // attrs.meta or { }
        // {
          knownVulnerabilities = attrs.meta.knownVulnerabilities or [ ];
          insecure = attrs.meta.knownVulnerabilities or [ ] != [ ];
          inherit platforms;
          broken = attrs.meta.broken or false;
          unsupported = !(lib.elem system platforms) || lib.elem system (attrs.meta.badPlatforms or [ ]);
          unfree = lib.any (l: l ? free && !l.free) (lib.toList (attrs.meta.license or [ ]));
          available = why == null;
        };
      why = refusal { inherit name pname version; } (meta // { available = true; });
      checked = x: if why == null then x else throw why;

      env = removeAttrs attrs [ "meta" "passthru" "env" "args" "builder" ] // attrs.env or { };
      drv = derivation (
        lib.filterAttrs (_: v: v != null) env
        // {
          name = lib.sanitizeDerivationName name;
          inherit system pname version;
          builder = shell;
          args = attrs.args or [
            "sh"
            "-e"
            ./build.sh
          ];
          PATH = lib.concatStringsSep ":" (
            map (p: "${p}/bin") (
              attrs.nativeBuildInputs or [ ]
              ++ attrs.buildInputs or [ ]
              ++ [ tools ]
            )
          );
          inherit shell;
        }
      );
      package =
        drv
        // attrs.passthru or { }
        // {
          inherit name pname version meta;
          passthru = attrs.passthru or { };
          drvPath = checked drv.drvPath;
          outPath = checked drv.outPath;
          out = package;
          outputName = "out";
          outputs = [ "out" ];
          all = [ package ];
          drvAttrs = drv.drvAttrs;
          overrideAttrs =
            f:
            let
              change = if lib.isFunction f then f else _: f;
              # Both `old: …` and `final: prev: …`.
              applied =
                let
                  one = change attrs;
                in
                if lib.isFunction one then change attrs attrs else one;
            in
            mkDerivation (attrs // applied);
        };
    in
    package;
in
{
  inherit hostPlatform tools;
  stdenv = {
    inherit
      mkDerivation
      hostPlatform
      shell
      system
      ;
    targetPlatform = hostPlatform;
    buildPlatform = hostPlatform;
    inherit (hostPlatform) isLinux isDarwin isAarch64 isx86_64;
    cc = tools;
  };
  stdenvNoCC = final.stdenv;
  targetPlatform = hostPlatform;
  buildPlatform = hostPlatform;
  busybox = tools // { meta.mainProgram = "busybox"; pname = "busybox"; version = "1.36"; };
  runtimeShell = "${tools}/bin/sh";
}
