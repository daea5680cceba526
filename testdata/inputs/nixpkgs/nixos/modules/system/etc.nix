# /etc as a tree of links.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  entries = lib.filter (e: e.enable) (lib.attrValues config.environment.etc);
in
{
  options.environment.etc = opt (types.attrsOf (
    types.submodule (
      { name, config, options, ... }:
      {
        options = {
          enable = bool true;
          target = str name;
          text = maybe types.lines;
          source = need types.path;
          mode = str "symlink";
          user = str "+0";
          group = str "+0";
          uid = int 0;
          gid = int 0;
        };
        config.source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText "etc-${lib.replaceStrings [ "/" ] [ "-" ] name}")
        );
      }
    )
  )) { };

  config = {
    system.build.etc = pkgs.runCommand "etc" {
      entries = lib.concatMapStrings (e: "${e.source} ${e.mode} ${e.target}\n") entries;
      passAsFile = [ "entries" ];
    } ''
      mkdir -p $out/etc
      while read -r source mode target; do
        mkdir -p "$(dirname "$out/etc/$target")"
        if [ -e "$out/etc/$target" ]; then
          echo "duplicate entry $target -> $source"
          exit 1
        fi
        if [ "$mode" = symlink ]; then
          ln -s "$source" "$out/etc/$target"
        else
          cp "$source" "$out/etc/$target"
          echo "$mode" > "$out/etc/$target.mode"
        fi
      done < $entriesPath
    '';
    system.activationScripts.etc = {
      deps = [ "users" "groups" ];
      text = ''
        echo "setting up /etc..."
        mkdir -p "$root/etc"
        ( cd ${config.system.build.etc}/etc && find . ! -type d ! -name '*.mode' ) | while read -r f; do
          mkdir -p "$root/etc/$(dirname "$f")"
          ln -sfn "${config.system.build.etc}/etc/$f" "$root/etc/$f"
        done
      '';
    };
  };
}
