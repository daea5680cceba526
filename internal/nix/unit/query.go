package unit

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/expr"
)

// options lists, by the suffix of a unit, the options that hold such units: as sets by
// name or, if key is set, as lists of sets with the name under that key.
var options = map[string][]struct{ option, key string }{
	"service":   {{option: "systemd.services"}},
	"timer":     {{option: "systemd.timers"}},
	"socket":    {{option: "systemd.sockets"}},
	"target":    {{option: "systemd.targets"}},
	"path":      {{option: "systemd.paths"}},
	"slice":     {{option: "systemd.slices"}},
	"mount":     {{option: "fileSystems"}, {option: "systemd.mounts", key: "where"}},
	"automount": {{option: "fileSystems"}, {option: "systemd.automounts", key: "where"}},
}

// Current versions of nixpkgs resolve properties such as mkIf in the definitions of an
// option, but never those of single units. Values of an unexpected type are ignored.
const helpers = `
  at = pos: {
    file = text (pos.file or "");
    line = if builtins.isInt (pos.line or null) then pos.line else 0;
    column = if builtins.isInt (pos.column or null) then pos.column else 0;
  };
  kind = value: value._type or "";
  # The sets and lists that a definition resolves to.
  resolved = value:
    if kind value == "if" then (if (builtins.tryEval (value.condition == true)).value then resolved value.content else [ ])
    else if kind value == "merge" then builtins.concatMap resolved value.contents
    else if kind value == "override" || kind value == "order" then resolved value.content
    else [ value ];
  # Where in a value a unit of one of these names is.
  named = names: value: builtins.concatMap (name: let units = resolved value.${name}; in
    if builtins.isAttrs value && value ? ${name} && units != [ ] then [ {
      pos = builtins.unsafeGetAttrPos name value;
      main = builtins.any (unit: unit ? script || unit ? serviceConfig.ExecStart) units;
    } ] else [ ]) names;
  listed = key: names: value: if !builtins.isList value then [ ] else builtins.concatMap (item:
    if builtins.isAttrs item && builtins.elem (item.${key} or null) names
    then [ { pos = builtins.unsafeGetAttrPos key item; main = true; } ] else [ ]) (builtins.concatMap resolved value);
  definitions = option: find: let
    one = d: map (unit: {
      inherit (unit) main;
      file = text (d.file or "");
      at = at (if builtins.isAttrs unit.pos then unit.pos else { });
    }) (builtins.concatMap find (resolved (d.value or null)));
    all = builtins.tryEval (let list = builtins.concatMap one (option.definitionsWithLocations or [ ]); in builtins.deepSeq list list);
  in if all.success then all.value else [ ];
`

// The longest name that systemd accepts, in bytes.
const maxName = 255

// Query returns a function of the flake that finds the definitions of a host's unit. It is
// "" if no option holds units of that type, or the name is not one of a unit: it may come
// from a guest, which can send anything.
func Query(host, unit string) string {
	dot := strings.LastIndexByte(unit, '.')
	if dot < 0 || options[unit[dot+1:]] == nil || len(unit) > maxName || strings.Contains(unit, "\x00") {
		return ""
	}
	name := unit[:dot]
	var finds []string
	for _, o := range options[unit[dot+1:]] {
		names := declaredNames(name)
		if !strings.HasPrefix(o.option, "systemd.") || o.key != "" {
			names = []string{unescapePath(name)}
		}
		for i := range names {
			names[i] = expr.Quote(names[i])
		}
		find := "named " + expr.List(names)
		if o.key != "" {
			find = "listed " + expr.Quote(o.key) + " " + expr.List(names)
		}
		finds = append(finds, fmt.Sprintf("definitions (options.%s or { }) (%s)", o.option, find))
	}
	return "f: let" + expr.Strings + helpers + "  options = " + expr.Output("nixosConfigurations", host) + ".options or { };\n" +
		"in { root = text (f.sourceInfo.outPath or \"\"); found = builtins.concatLists " + expr.List(finds) + "; }"
}
