# Files of a home: one tree in the store, linked file by file at activation.
{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  files = lib.filter (f: f.enable) (lib.attrValues config.home.file);
  targets = map (f: f.target) files;
  twice = lib.naturalSort (lib.unique (lib.filter (t: lib.count (x: x == t) targets > 1) targets));
  home = config.home.homeDirectory;
in
{
  options.home.file = opt (types.attrsOf (
    types.submodule (
      { name, config, options, ... }:
      {
        options = {
          enable = bool true;
          target = lib.mkOption {
            type = types.str;
            default = name;
            apply = p: if lib.hasPrefix "/" p then lib.removePrefix "${home}/" p else p;
          };
          text = maybe types.lines;
          source = need types.path;
          executable = maybe types.bool;
          recursive = bool false;
          onChange = lines;
          force = bool false;
          ignorelinks = bool false;
        };
        config.source = lib.mkIf (config.text != null) (
          lib.mkDefault (
            pkgs.writeTextFile {
              name = "hm_" + lib.replaceStrings [ "/" "." " " ] [ "" "" "" ] name;
              inherit (config) text;
              executable = config.executable == true;
            }
          )
        );
      }
    )
  )) { };
  options.home-files = lib.mkOption { type = types.package; internal = true; };

  config = {
    assertions = [
      {
        assertion = twice == [ ];
        message = "Conflicting managed target files: ${lib.concatStringsSep ", " twice}\n\nThis may happen, for example, if you have a configuration similar to\n\n    home.file = {\n      conflict1 = { source = ./foo.nix; target = \"baz\"; };\n      conflict2 = { source = ./bar.nix; target = \"baz\"; };\n    }";
      }
    ];
    home-files = pkgs.runCommand "home-manager-files" {
      entries = lib.concatMapStrings (
        f: "${f.source}\t${if f.executable == null then "inherit" else if f.executable then "+x" else "-x"}\t${f.target}\n"
      ) files;
      passAsFile = [ "entries" ];
    } ''
      mkdir -p $out
      tab=$(printf '\t')
      while IFS="$tab" read -r source mode target; do
        case "/$target/" in
          */../*) echo "Error installing file '$target' outside \$HOME" >&2; exit 1 ;;
        esac
        mkdir -p "$out/$(dirname "$target")"
        if [ "$mode" = inherit ] || { [ "$mode" = +x ] && [ -x "$source" ]; } || { [ "$mode" = -x ] && [ ! -x "$source" ]; }; then
          ln -s "$source" "$out/$target"
        else
          cp "$source" "$out/$target"
          chmod "$mode" "$out/$target"
        fi
      done < $entriesPath
    '';
  };
}
