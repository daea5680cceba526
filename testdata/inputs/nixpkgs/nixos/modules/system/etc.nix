# /etc as a tree of links.
{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  # user is a name, or a number after a plus; the default is uid.
  owner = name: id: if name == "+0" then toString id else lib.removePrefix "+" name;
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
      entries = lib.concatMapStrings (e: "${e.source} ${e.mode} ${owner e.user e.uid}:${owner e.group e.gid} ${e.target}\n") entries;
      passAsFile = [ "entries" ];
    } ''
      mkdir -p $out/etc
      while read -r source mode owner target; do
        mkdir -p "$(dirname "$out/etc/$target")"
        if [ -e "$out/etc/$target" ]; then
          echo "duplicate entry $target -> $source"
          exit 1
        fi
        if [ "$mode" = symlink ]; then
          ln -s "$source" "$out/etc/$target"
        else
          cp "$source" "$out/etc/$target"
          echo "$mode $owner" > "$out/etc/$target.mode"
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
          mode="${config.system.build.etc}/etc/$f.mode"
          if [ -e "$mode" ]; then
            read -r mode owner < "$mode"
            cp "${config.system.build.etc}/etc/$f" "$root/etc/$f.tmp"
            # Outside of a booted system the user does not exist.
            [ -n "$root" ] || chown "$owner" "$root/etc/$f.tmp"
            chmod "$mode" "$root/etc/$f.tmp"
            mv -f "$root/etc/$f.tmp" "$root/etc/$f"
          else
            ln -sfn "${config.system.build.etc}/etc/$f" "$root/etc/$f"
          fi
        done
      '';
    };
  };
}
