package runner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

func TestDeadline(t *testing.T) {
	ctx, stop := WithDeadline(context.Background(), time.Now().Add(-time.Hour), time.Minute)
	defer stop()
	<-ctx.Done()
	if over := Overdue(ctx); over == nil || over.Limit != time.Minute {
		t.Errorf("cause %v", context.Cause(ctx))
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error("it looks like the time limit of a step")
	}
	below, cancel := context.WithCancel(ctx)
	defer cancel()
	if Overdue(below) == nil {
		t.Error("a context below it does not know why it ended")
	}
}

func TestAnInterruptionIsNoDeadline(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Hour} {
		given, interrupt := context.WithCancel(context.Background())
		ctx, stop := WithDeadline(given, time.Now(), limit)
		if ctx.Err() != nil || Overdue(ctx) != nil {
			t.Errorf("limit %v: over at once", limit)
		}
		interrupt()
		<-ctx.Done()
		if Overdue(ctx) != nil {
			t.Errorf("limit %v: an interruption is taken for the deadline", limit)
		}
		stop()
	}
}

// What the deadline stops has timed out, in every phase, with one cause for all of it. What had
// ended keeps its status.
func TestWhatTheDeadlineStopsHasTimedOut(t *testing.T) {
	given, stop := WithDeadline(context.Background(), time.Now(), time.Nanosecond)
	defer stop()
	<-given.Done()
	r := &run{caller: given, Options: Options{Client: &nix.Client{}}}
	vm := result.Cell{ID: "vm/h", Kind: result.KindVM, Host: "h"}
	home := result.Cell{ID: "home/u@h", Kind: result.KindHome, Host: "h"}
	r.VM.Boot = func(context.Context, VM, BootOptions) BootResult {
		return BootResult{
			Phases: []outcome.Phase{{Phase: result.Phase{Name: result.ParsePhaseName("boot"), Status: result.Passed}}, {Phase: result.Phase{Name: result.ParsePhaseName("check: web"), Status: result.Canceled}}},
			Homes:  map[string]outcome.Phase{home.ID: {Phase: result.Phase{Name: result.ParsePhaseName("activate"), Status: result.Canceled}}},
		}
	}
	r.finish(outcome.Result{Cell: home, Status: result.Passed, Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: result.Passed}}}})
	booted := outcome.Result{Cell: vm, Status: result.Passed, OutPaths: map[string]string{"out": "/x"}}
	r.boot(given, &booted, question.VMInfo{})
	r.finish(booted)
	evaluated := []outcome.Phase{{Phase: result.Phase{Name: result.PhaseEval.Name(), Status: result.Canceled}}}
	r.finish(outcome.Result{Cell: result.Cell{ID: "nixos/a", Kind: result.KindNixOS}, Status: result.Canceled, Phases: evaluated})
	r.finish(outcome.Result{Cell: result.Cell{ID: "nixos/b", Kind: result.KindNixOS}, Status: result.Failed, Causes: []*result.Cause{{Title: "its own"}}})
	if evaluated[0].Status != result.Canceled {
		t.Error("phases that a subscriber may have were changed")
	}
	out := outcome.Conclude(r.results, false)
	want := map[string]result.Status{"vm/h": result.TimedOut, "home/u@h": result.TimedOut, "nixos/a": result.TimedOut, "nixos/b": result.Failed}
	for _, res := range out.Results {
		if res.Status != want[res.Cell.ID] {
			t.Errorf("%s: %s", res.Cell.ID, res.Status)
		}
		for _, p := range res.Phases {
			if p.Status == result.Canceled {
				t.Errorf("%s: %s is canceled", res.Cell.ID, p.Name)
			}
		}
	}
	if len(out.Causes) != 2 {
		t.Errorf("%d causes", len(out.Causes))
	}
}
