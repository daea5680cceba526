package nix

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// A definition is one that the module system has of a unit: the file of its
// module, and where in a file the name of the unit stands, which may be another
// file or unknown. The main one says what the unit runs.
type definition struct {
	File string          `json:"file"`
	At   nixlog.Position `json:"at"`
	Main bool            `json:"main"`
}

// The option that holds the units of a suffix: sets of them by their name, or
// where listed is set lists of sets that say with it what they are of.
var unitOptions = map[string][]struct{ option, listed string }{
	"service":   {{option: "systemd.services"}},
	"timer":     {{option: "systemd.timers"}},
	"socket":    {{option: "systemd.sockets"}},
	"target":    {{option: "systemd.targets"}},
	"path":      {{option: "systemd.paths"}},
	"slice":     {{option: "systemd.slices"}},
	"mount":     {{option: "fileSystems"}, {option: "systemd.mounts", listed: "where"}},
	"automount": {{option: "fileSystems"}, {option: "systemd.automounts", listed: "where"}},
}

// Definitions come with their properties resolved in current versions of
// nixpkgs; those of single units never are. Whatever else stands there is
// passed over.
const unitExpr = `
  at = pos: {
    file = text (pos.file or "");
    line = if builtins.isInt (pos.line or null) then pos.line else 0;
    column = if builtins.isInt (pos.column or null) then pos.column else 0;
  };
  kind = value: value._type or "";
  # The sets and lists that a definition comes to.
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

// UnitPlace finds where the flake itself declares a systemd unit of a host, such
// as "backup.service". It is the zero Place where the flake does not, or where
// the host does not tell; only what hinders the question itself is an error.
func (t *Target) UnitPlace(ctx context.Context, host, unit string) (result.Location, error) {
	function := unitFunction(host, unit)
	if function == "" {
		return result.Location{}, nil
	}
	var got struct {
		Root  string       `json:"root"`
		Found []definition `json:"found"`
	}
	if _, err := t.Eval(ctx, function, &got); err != nil {
		if isOfOne(err) {
			err = nil
		}
		return result.Location{}, err
	}
	flake := t.Flake
	// A dirty tree that was changed since it was opened is another one by now.
	if nixlog.IsSource(got.Root) {
		flake.StorePath = got.Root
	}
	return flake.unitPlace(got.Found), nil
}

// The longest name that systemd takes, in bytes.
const maxUnitName = 255

// unitFunction is empty for a sort of unit that no option is for, and for what
// is no name of a unit: it may come out of a guest, which can say anything.
func unitFunction(host, unit string) string {
	dot := strings.LastIndexByte(unit, '.')
	if dot < 0 || unitOptions[unit[dot+1:]] == nil || len(unit) > maxUnitName || strings.Contains(unit, "\x00") {
		return ""
	}
	names := unitNames(unit[:dot])
	var b strings.Builder
	fmt.Fprintf(&b, "f: let plain = builtins.unsafeDiscardStringContext;%s%s  options = f.outputs%s.options or { };\n in { root = text (f.sourceInfo.outPath or \"\"); found = builtins.concatLists [",
		textExpr, unitExpr, selector([]string{"nixosConfigurations", host}))
	for _, o := range unitOptions[unit[dot+1:]] {
		these := names
		if !strings.HasPrefix(o.option, "systemd.") || o.listed != "" {
			these = []string{unescapeSystemdPath(unit[:dot])}
		}
		var list strings.Builder
		for _, name := range these {
			list.WriteString(" " + quote(name))
		}
		find := fmt.Sprintf("(named [%s ])", &list)
		if o.listed != "" {
			find = fmt.Sprintf("(listed %s [%s ])", quote(o.listed), &list)
		}
		fmt.Fprintf(&b, " (definitions (options.%s or { }) %s)", o.option, find)
	}
	b.WriteString(" ]; }")
	return b.String()
}

// unitNames are the names that a unit may be declared under: an instance of a
// template is mostly declared by its template.
func unitNames(name string) []string {
	if template, _, ok := strings.Cut(name, "@"); ok && template+"@" != name {
		return []string{name, template + "@"}
	}
	return []string{name}
}

// unitPlace picks a definition in the flake: of those with a line the main one,
// else the first; else one without a line. A module without a file is where its
// text is; what an input's module only hands on comes last.
func (f *Flake) unitPlace(found []definition) result.Location {
	var first, withoutLine, handedOn result.Location
	tree := f.tree()
	for _, d := range found {
		// How a module came in is said behind its file.
		file, _, _ := strings.Cut(d.File, ", via option ")
		at, inFlake := tree.Place(d.At)
		rel, ok := tree.Module(file)
		switch {
		case inFlake && (ok && at.File == rel || file == "" || strings.HasPrefix(file, "<")):
			if d.Main {
				return at
			}
			first = cmp.Or(first, at)
		case ok:
			withoutLine = cmp.Or(withoutLine, result.Location{File: rel})
		case inFlake:
			handedOn = cmp.Or(handedOn, at)
		}
	}
	return cmp.Or(first, withoutLine, handedOn)
}

var escapedRE = regexp.MustCompile(`\\x[0-9a-fA-F]{2}`)

// unescapeSystemdPath gives the path that the name of a mount unit stands for.
func unescapeSystemdPath(name string) string {
	if name == "-" {
		return "/"
	}
	return "/" + escapedRE.ReplaceAllStringFunc(strings.ReplaceAll(name, "-", "/"), func(m string) string {
		n, err := strconv.ParseUint(m[2:], 16, 8)
		if err != nil || n == 0 {
			return m
		}
		return string([]byte{byte(n)})
	})
}
