package nix

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
)

// Nix 2.34 never ends if a child of its own, which is to become a builder, may open no more
// files: it waits for the child, which says so in plain text and is gone.
func TestABuildThatNeverEnds(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": cells}.write(w.T, w.dir, strings.NewReplacer())
		target, plain := w.mustOpen(), question.Question{Path: []string{"packages", "x86_64-linux", "plain"}}
		in, err := instantiate(w.Context(), target, plain)
		if err != nil {
			w.Fatal(err)
		}
		w.client.path = w.script("#!/bin/sh\necho 'error: opening pseudoterminal slave: Too many open files' >&2\nexec sleep 1000000\n")
		if _, err := instantiate(w.Context(), target, plain); MachineFault(err) != result.CauseInfra {
			w.Errorf("the error of the evaluation is %v", err)
		}
		res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 1, nixlog.BuildWatcher{})
		if err != nil || len(res.Failures) != 1 || res.Failures[0].Kind != result.CauseInfra || !nixlog.FewFiles(res.Failures[0].Message) {
			w.Errorf("%+v, %v", res, err)
		}
	})
}
