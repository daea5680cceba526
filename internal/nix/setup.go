package nix

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/result"
)

// SetupWarnings returns warnings about the flake's own files, which change no verdict: a lock file
// that is missing or does not cover an input, and settings that Nix would apply only if the user
// trusts them.
func (t *Target) SetupWarnings(ctx context.Context) []result.Warning {
	return append(t.lockWarnings(), t.configWarnings(ctx)...)
}

// lockWarnings names the inputs that the flake's lock file does not cover. Nix locks them anew
// each time, so two machines may test different versions.
func (t *Target) lockWarnings() []result.Warning {
	f := &t.Flake
	path := filepath.Join(f.Dir, "flake.lock")
	text := f.read(path)
	var disk flakeref.LockFile
	if text != "" && json.Unmarshal([]byte(text), &disk) != nil || text == "" && exists(filepath.Join(f.StorePath, path)) {
		return nil // Nix says what is wrong with it, or it is too long for flakeci to read
	}
	names := slices.DeleteFunc(f.locks.Uncovered(disk), func(name string) bool {
		return slices.ContainsFunc(t.options.Overrides, func(o Override) bool { return o.Name == name })
	})
	if len(names) == 0 {
		return nil
	}
	inputs := english.PluralWord(len(names), "input ", "inputs ") + english.WordSeries(names, "and")
	if text == "" {
		return []result.Warning{{Text: "flake.lock is missing, so Nix picks the version of " + inputs + " in each run: run nix flake lock, and commit flake.lock"}}
	}
	return []result.Warning{{
		Text:     "flake.lock does not cover " + inputs + ", so Nix picks the version in each run: run nix flake lock, and commit flake.lock",
		Location: &result.Location{File: path},
	}}
}

// nixConfigRE finds where flake.nix sets nixConfig, unless that is in the middle of a line.
var nixConfigRE = regexp.MustCompile(`(?m)^[ \t]*nixConfig\b`)

// harmless reports whether Nix applies a setting in nixConfig without asking.
func harmless(name string) bool {
	return strings.HasPrefix(name, "bash-prompt") || slices.Contains([]string{"flake-registry", "commit-lock-file-summary", "commit-lockfile-summary"}, name)
}

// maxSettings is how many settings a warning names.
const maxSettings = 10

// configWarnings names the settings in the nixConfig of flake.nix that have no effect. Nix asks
// the user before it applies them, but flakeci evaluates the flake as the input of another one,
// and there Nix ignores them silently.
func (t *Target) configWarnings(ctx context.Context) []result.Warning {
	place := result.Location{File: filepath.Join(t.Flake.Dir, "flake.nix")}
	text := t.Flake.read(place.File)
	if !strings.Contains(text, "nixConfig") {
		return nil // asking Nix takes a while
	}
	var config map[string]any
	function := "f: let c = (import (f.sourceInfo.outPath + " + expr.Quote("/"+place.File) + ")).nixConfig or { }; in builtins.mapAttrs" +
		" (n: v: let r = builtins.tryEval (builtins.deepSeq v v); in if r.success && r.value != null then r.value else \"\") c"
	if _, err := t.Eval(ctx, function, &config, func(q *evalCall) { q.auxiliary = true }); err != nil {
		return nil // listing the flake's outputs says what is wrong
	}
	var settings map[string]struct{ Value any }
	shown, err := t.client.showConfig(ctx)
	if err != nil || decodeAnswer("show-config", shown, &settings) != nil {
		return nil
	}
	var names []string
	for name, value := range config {
		if now := settings[strings.TrimPrefix(name, "extra-")].Value; !harmless(name) && !inForce(now, value) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	if more := len(names) - maxSettings; more > 1 {
		names = append(names[:maxSettings], fmt.Sprintf("%d more", more))
	}
	if at := nixConfigRE.FindStringIndex(text); at != nil {
		place.Line = strings.Count(text[:at[0]], "\n") + 1
	}
	return []result.Warning{{
		Text: "nixConfig in flake.nix has no effect: it sets " + english.WordSeries(names, "and") +
			"; to use these settings on this machine, put them into nix.conf or pass --option NAME VALUE",
		Location: &place,
	}}
}

// inForce reports whether a setting already has a value, or already contains all elements of a
// list.
func inForce(now, value any) bool {
	list, isList := now.([]any)
	if !isList {
		return reflect.DeepEqual(now, value)
	}
	wanted, isList := value.([]any)
	if text, isText := value.(string); isText {
		isList = true
		for _, word := range strings.Fields(text) {
			wanted = append(wanted, word)
		}
	}
	return isList && !slices.ContainsFunc(wanted, func(w any) bool {
		return !slices.ContainsFunc(list, func(l any) bool { return reflect.DeepEqual(l, w) })
	})
}
