package nix

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
)

// Another machine has the flake in another folder, and an input that it replaces, too. It can use
// the answers, errors included, and asks Nix nothing.
func TestAnswersOnAnotherMachine(t *testing.T) {
	const flake = `{
  inputs.dep = { url = "path:/nowhere"; flake = false; };
  outputs = { self, dep }: let
    host = name: { config.system.build.toplevel = derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }; };
  in {
    nixosConfigurations = { a = host (builtins.readFile (dep + "/name")); broken = host (throw "no disk"); };
    homeConfigurations = throw "no homes";
  };
}
`
	ask := func(host string) question.Question {
		return question.Question{Path: []string{"nixosConfigurations", host, "config", "system", "build", "toplevel"}}
	}
	eachLane(t, func(w *world) {
		open := func(at, name string) *Target {
			dir, dep := filepath.Join(w.scratch, at, "flake"), filepath.Join(w.scratch, at, "dep")
			files{"flake.nix": flake}.write(w.T, dir, strings.NewReplacer())
			files{"name": name}.write(w.T, dep, strings.NewReplacer())
			for _, path := range []string{filepath.Join(dir, "flake.nix"), dir} { // when it was changed last
				if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
					w.Fatal(err)
				}
			}
			target, err := w.open(dir, FlakeOptions{Overrides: []Override{{"dep", "path:" + dep}}})
			if err != nil {
				w.Fatal(err)
			}
			return target
		}
		here, there, other := open("here", "x"), open("there", "x"), open("other", "y")
		if here.Flake.Content() != there.Flake.Content() {
			w.Error("the same flake in another folder has another content")
		}
		if here.Flake.Content() == other.Flake.Content() {
			w.Error("with another input the flake has the same content")
		}
		offer, faults, err := here.Inventory(w.Context())
		if err != nil || len(faults) != 1 {
			w.Fatalf("%v, %v", faults, err)
		}
		in, err := instantiate(w.Context(), here, ask("a"))
		if err != nil {
			w.Fatal(err)
		}
		_, broken := instantiate(w.Context(), here, ask("broken"))
		here.Fail(ask("broken"), question.Instance{}, broken)

		text, err := json.Marshal(here.Answers())
		var answers map[string]evalcache.Answer
		if err = errors.Join(err, json.Unmarshal(text, &answers)); err != nil {
			w.Fatal(err)
		}
		there.Use(answers)
		stopped, stop := context.WithCancel(w.Context())
		stop() // nothing can run any more
		again, more, err := there.Inventory(stopped)
		if err != nil || len(again.NixOS) != len(offer.NixOS) || len(more) != 1 || more[0].Err.Error() != faults[0].Err.Error() {
			w.Errorf("it offers %+v, %v, %v", again, more, err)
		}
		if got, known, err := there.Known(ask("a")); !known || err != nil || got.DrvPath != in.DrvPath {
			w.Errorf("known %t: %+v, %v", known, got, err)
		}
		var eval *nixlog.EvalError
		if _, known, err := there.Known(ask("broken")); !known || !errors.As(err, &eval) || err.Error() != broken.Error() {
			w.Errorf("known %t: %v, want %v", known, err, broken)
		}
		var unanswered *UnansweredError
		if _, known, err := there.Known(ask("c")); !known || !errors.As(err, &unanswered) {
			w.Errorf("known %t: %v", known, err)
		}
		if _, known, err := there.Known(question.Question{VM: &question.VM{Host: "a"}}); known || err != nil {
			w.Errorf("a VM is known %t: %v", known, err)
		}
	})
}
