package nix

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// Results are known the next time, unless an input changed by the end of the run. A revision
// fixes the flake's own files, and its lock file fixes its inputs, but not an input that is
// overridden.
func TestSave(t *testing.T) {
	const flake = `{
  inputs.dep = { url = "path:DEP"; flake = false; };
  outputs = { self, dep }: {
    nixosConfigurations.a.config.system.build.toplevel = derivation { name = builtins.readFile (dep + "/name"); system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
`
	asked := question.Question{Path: []string{"nixosConfigurations", "a", "config", "system", "build", "toplevel"}}
	eachLane(t, func(w *world) {
		dir, dep, other := filepath.Join(w.scratch, "flake"), filepath.Join(w.scratch, "dep"), filepath.Join(w.scratch, "other")
		files{"flake.nix": flake}.write(w.T, dir, strings.NewReplacer("DEP", dep))
		files{"name": "locked"}.write(w.T, dep, strings.NewReplacer())
		git(w.T, dir, "init", "--quiet", "--initial-branch", "main")
		git(w.T, dir, "add", ".")
		if _, err := w.client.run(w.Context(), call{sub: []string{"flake", "lock"}, args: []string{dir}}); err != nil {
			w.Fatal(err)
		}
		git(w.T, dir, "add", ".")
		git(w.T, dir, "commit", "--quiet", "--message", "first")
		w.client.evalCache = w.TempDir()
		tests := []struct {
			name   string
			o      FlakeOptions
			fixed  bool
			change bool // the input changes before the results are saved
			err    string
		}{
			{"locked", FlakeOptions{}, true, false, ""},
			{"overridden", FlakeOptions{Overrides: []Override{{"dep", "path:" + other}}}, false, false, ""},
			{"changed", FlakeOptions{Overrides: []Override{{"dep", "path:" + other}}}, false, true, "an input changed during the run"},
		}
		for _, tt := range tests {
			files{"name": tt.name}.write(w.T, other, strings.NewReplacer())
			target, err := w.open(dir, tt.o)
			if err != nil {
				w.Fatal(err)
			}
			if own, inputs := target.Flake.IsOne(), target.Flake.inputsAreOne(); !own || inputs != tt.fixed {
				w.Errorf("%s: fixed %t, its inputs %t", tt.name, own, inputs)
			}
			if in, err := instantiate(w.Context(), target, asked); err != nil || storepath.Name(in.DrvPath) != tt.name {
				w.Errorf("%s: got %+v, %v", tt.name, in, err)
			}
			if tt.change {
				files{"name": "later"}.write(w.T, other, strings.NewReplacer())
			}
			if err := target.Save(w.Context()); (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				w.Errorf("%s: saved with %v", tt.name, err)
			}
			files{"name": tt.name}.write(w.T, other, strings.NewReplacer())
			if target, err = w.open(dir, tt.o); err != nil {
				w.Fatal(err)
			}
			if in, known, err := target.Known(asked); err != nil || known != (tt.err == "") || known && storepath.Name(in.DrvPath) != tt.name {
				w.Errorf("%s: known %t, %+v", tt.name, known, in)
			}
		}
	})
}

// Results are not kept if the evaluation may read from the machine, or the user has Nix keep
// none.
func TestKeepsNothing(t *testing.T) {
	tests := []struct {
		name     string
		settings [][2]string
		o        FlakeOptions
		keeps    bool
	}{
		{"pure", nil, FlakeOptions{}, true},
		{"--impure", nil, FlakeOptions{Impure: true}, false},
		{"not pure by a setting", [][2]string{{"pure-eval", "false"}}, FlakeOptions{}, false},
		{"without a cache", [][2]string{{"eval-cache", "false"}}, FlakeOptions{}, false},
	}
	eachLane(t, func(w *world) {
		files{"flake.nix": oneHost}.write(w.T, w.dir, strings.NewReplacer())
		for _, tt := range tests {
			w.client = find(w.T, Options{Path: w.client.path, Settings: tt.settings, EvalCache: w.TempDir()})
			target, err := w.open(w.dir, tt.o)
			if err != nil {
				w.Fatal(err)
			}
			if keeps := w.client.cacheFile(w.Context(), target.Flake, tt.o) != ""; keeps != tt.keeps {
				w.Errorf("%s: keeps %t", tt.name, keeps)
			}
		}
	})
}
