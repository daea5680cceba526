# The activation script: snippets in the order of their dependencies.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  scripts = config.system.activationScripts;
  # Depth first over `deps`; each once.
  visit =
    seen: name:
    if lib.elem name seen then
      seen
    else
      lib.foldl' visit seen (
        map (
          d: if scripts ? ${d} then d else throw "activation script snippet ‘${name}’ depends on ‘${d}’, which does not exist"
        ) scripts.${name}.deps
      )
      ++ [ name ];
  ordered = lib.unique (lib.foldl' visit [ ] (lib.attrNames scripts));

  # bash's ERR trap notes every failing command and continues; a busybox shell has none, so here
  # a snippet ends at its first failure. The report is the same, and the rest still runs.
  snippet = name: ''
    #### Activation script snippet ${name}:
    set +e
    ( set -e
    ${scripts.${name}.text}
    )
    _localstatus=$?
    if [ "$_localstatus" -gt 0 ]; then
      _status=1
      printf "Activation script snippet '%s' failed (%s)\n" ${lib.escapeShellArg name} "$_localstatus"
    fi
  '';
in
{
  options.system = {
    activationScripts = lib.mkOption {
      default = { };
      type = types.attrsOf (
        types.coercedTo types.str (text: { inherit text; }) (
          types.submodule {
            options = {
              deps = strings [ ];
              text = lines;
              supportsDryActivation = bool false;
            };
          }
        )
      );
      description = "Shell snippets run when the system is activated.";
    };
    userActivationScripts = free;
  };
  config = {
    system.activationScripts = {
      stdio = "";
      specialfs = "";
      var = ''
        mkdir -p "$root/var/tmp" "$root/var/log" "$root/var/empty"
      '';
      usrbinenv = {
        deps = [ ];
        text = ''
          mkdir -p "$root/usr/bin"
          ln -sfn ${pkgs.busybox}/bin/env "$root/usr/bin/env"
        '';
      };
      binsh = ''
        mkdir -p "$root/bin"
        ln -sfn ${config.environment.binsh} "$root/bin/sh"
      '';
    };
    # ACTIVATION_ROOT protects the machine during a trial: everything that this project's
    # own snippets write goes below it.
    system.build.activate = pkgs.writeScript "activate" ''
      #!${pkgs.runtimeShell}
      systemConfig='@out@'
      root="''${ACTIVATION_ROOT:-}"
      export PATH=/empty:${pkgs.busybox}/bin systemConfig root
      _status=0
      umask 0022
      ${lib.concatMapStringsSep "\n" snippet ordered}
      mkdir -p "$root/run"
      ln -sfn "$systemConfig" "$root/run/current-system"
      exit $_status
    '';
  };
}
