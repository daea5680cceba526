package nix

import (
	"testing"

	"github.com/flakeci/flakeci/internal/nix/question"
)

func TestHomeInfo(t *testing.T) {
	tests := map[string]string{
		"joachim@modern": `home-joachim for x86_64-linux, of "joachim" in "/home/joachim"`,
		"o\"dd ${x}.y\n": `home-odd for x86_64-linux, of "odd" in "/home/odd"`,
		"nameless":       `home-nameless for x86_64-linux, of "" in ""`,
		"throws-name":    `home-throws-name for x86_64-linux, of "" in ""`,
		"odd-config":     `home-odd-config for x86_64-linux, of "" in "/home/odd"`,
		"number":         "error: homeConfigurations.number.activationPackage is not a derivation: it is of type int",
		"broken":         "error: flake.nix:…: no such home",
	}
	eachLane(t, func(w *world) {
		target := w.fixture("vm-features")
		for name, want := range tests {
			if got := w.instantiated(target, question.Question{Path: []string{"homeConfigurations", name, "activationPackage"}, Home: true}); !like(got, want) {
				w.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		inside := question.Question{Path: []string{"nixosConfigurations", "embeds", "config", "home-manager", "users", "work", "home", "activationPackage"}, Home: true}
		if got := w.instantiated(target, inside); got != `home-worker for x86_64-linux, of "worker" in "/srv/work"` {
			w.Errorf("inside a host: got %q", got)
		}
	})
}

// The home is one of the stand-in for home-manager.
func TestHomeInfoOfHomeManager(t *testing.T) {
	eachLane(t, func(w *world) {
		target := w.fleet()
		got := w.instantiated(target, question.Question{Path: []string{"homeConfigurations", "joachim@reason", "activationPackage"}, Home: true})
		if want := `home-manager-generation for x86_64-linux, of "joachim" in "/home/joachim"`; got != want {
			w.Errorf("got %q, want %q", got, want)
		}
	})
}
