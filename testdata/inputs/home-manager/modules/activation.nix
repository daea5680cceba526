# The activation package: what `home-manager switch` runs.
{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  inherit (lib.hm) dag;
  cfg = config.home;
  steps = dag.topoSort cfg.activation;
  script = pkgs.writeScript "activation-script" ''
    #!${pkgs.runtimeShell}
    set -eu
    export PATH="${pkgs.busybox}/bin''${HOME_MANAGER_EXTRA_PATH:+:$HOME_MANAGER_EXTRA_PATH}"
    . ${./activate-init.sh}
    expectedUser=${lib.escapeShellArg cfg.username}
    expectedHome=${lib.escapeShellArg cfg.homeDirectory}
    newGenPath=@out@
    init "$@"
    ${lib.concatMapStringsSep "\n" (s: ''
      _i "Activating %s" ${lib.escapeShellArg s.name}
      ${s.data}
    '') steps}
    exit 0
  '';
in
{
  options.home = {
    activation = opt (lib.hm.types.dagOf types.str) { };
    emptyActivationPath = bool true;
    extraActivationPath = packages;
    extraBuilderCommands = lines;
    activationPackage = lib.mkOption { type = types.package; internal = true; readOnly = true; };
    activationGenerateGcRoot = bool true;
  };
  config.home = {
    activation = {
      writeBoundary = dag.entryAnywhere "";
      checkLinkTargets = dag.entryBefore [ "writeBoundary" ] "checkLinkTargets";
      linkGeneration = dag.entryAfter [ "writeBoundary" ] "linkGeneration";
      installPackages = dag.entryAfter [ "writeBoundary" ] (
        lib.optionalString (!config.submoduleSupport.externalPackageInstall) "installPackages"
      );
      onFilesChange = dag.entryAfter [ "linkGeneration" ] (
        lib.concatMapStrings (
          f: lib.optionalString (f.enable && f.onChange != "") ''
            if [ -n "''${changedGeneration:-}" ]; then
              ${f.onChange}
            fi
          ''
        ) (lib.attrValues cfg.file)
      );
    };
    activationPackage = pkgs.runCommand "home-manager-generation" {
      inherit (cfg) extraBuilderCommands path;
      inherit script;
      files = config.home-files;
    } ''
      mkdir $out
      sed "s|@out@|$out|" $script > $out/activate
      chmod +x $out/activate
      ln -s $files $out/home-files
      ln -s $path $out/home-path
      printf 1 > $out/gen-version
      printf %s ${cfg.version.release} > $out/hm-version
      mkdir $out/bin
      ln -s $out/activate $out/bin/home-manager-generation
      eval "$extraBuilderCommands"
    '';
  };
}
