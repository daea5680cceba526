package views

import (
	"bytes"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/message"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Without a terminal, lines are printed unless nothing is wanted, and there is no live view, even
// if it was asked for.
func TestStartWithoutTerminal(t *testing.T) {
	cell := result.Cell{ID: "nixos/reason", Kind: result.KindNixOS, Host: "reason"}
	for how, shown := range map[string]bool{"auto": true, "live": true, "plain": true, "quiet": false} {
		var out bytes.Buffer
		v := Start(Options{
			How: how, Color: "never", In: new(bytes.Buffer), Out: &out, Env: func(string) string { return "" },
			Messages: message.New(&out, strings.ToLower), Matrix: matrix.Matrix{Cells: []result.Cell{cell}},
			Live: func() live.Options { t.Error("a live view without a terminal"); return live.Options{} },
		})
		v.Subscriber().Handle(event.Finished{Result: outcome.Result{Cell: cell, Status: result.Passed, Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: result.Passed}}}}})
		v.Hush()
		v.Stop()
		if strings.Contains(out.String(), "nixos/reason") != shown {
			t.Errorf("--progress %s shows %q", how, out.String())
		}
	}
}
