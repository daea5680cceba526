package plain

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

func TestHeadlineOfAHomeInAHost(t *testing.T) {
	home := func(p outcome.Phase) outcome.Result {
		return outcome.Result{
			Cell: result.Cell{ID: "home/joe", Kind: result.KindHome, Host: "box"}, Status: result.Passed, How: result.Built,
			Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseEval.Name()}}, {Phase: result.Phase{Name: result.PhaseBuild.Name()}}, p},
		}
	}
	for want, p := range map[string]outcome.Phase{
		"✔ home/joe activated in box":               {Phase: result.Phase{Name: result.ParsePhaseName("activate"), Status: result.Passed}},
		"✔ home/joe activated in a":                 {Phase: result.Phase{Name: result.ParsePhaseName("activate: a"), Status: result.Passed}},
		"- home/joe not activated (a did not come)": {Phase: result.Phase{Name: result.ParsePhaseName("activate: a"), Status: result.Skipped, Message: "a did not come"}},
	} {
		if got := headline(home(p)); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// A result that was taken over is not printed by itself, unless it changed in this run.
func TestTakenOverHomeThatIsNotActivated(t *testing.T) {
	var said bytes.Buffer
	p := newPrinter(Options{Write: func(text string) { said.WriteString(text) }})
	home := outcome.Result{
		Cell: result.Cell{ID: "home/joe", Kind: result.KindHome, Host: "box"}, Status: result.Passed, How: result.Built, From: time.Now(),
		Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseEval.Name()}}, {Phase: result.Phase{Name: result.PhaseBuild.Name()}}},
	}
	p.handle(event.Finished{Result: home})
	if said.Len() > 0 {
		t.Errorf("said: %s", said.String())
	}
	home.Status, home.Causes = result.Failed, []*result.Cause{{Title: "joe cannot be activated"}}
	p.handle(event.Finished{Result: home})
	if !strings.Contains(said.String(), "joe cannot be activated") {
		t.Errorf("said: %q", said.String())
	}
}

// A line break in a name is %0A in the cell's id, and GitHub's runner would make a line
// break of that again.
func TestTheTitleOfAFoldedBlock(t *testing.T) {
	var said bytes.Buffer
	p := newPrinter(Options{Write: func(text string) { said.WriteString(text) }})
	p.fold([]string{"✔ nixos/a%0A::error::b built", "out 100%25"})
	if want := "::group::✔ nixos/a%250A::error::b built\nout 100%25\n::endgroup::\n"; said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}

// The heartbeat counts as failed what the live view does.
func TestCanceledCellsAreNotCountedAsFailed(t *testing.T) {
	p := newPrinter(Options{Write: func(string) {}})
	for i, s := range []result.Status{result.Passed, result.Canceled, result.Skipped, result.Canceled, result.Error, result.Failed} {
		p.handle(event.Finished{Result: outcome.Result{
			Cell: result.Cell{ID: "nixos/" + strings.Repeat("a", i+1), Kind: result.KindNixOS}, Status: s,
			Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseEval.Name(), Status: s}}},
		}})
	}
	if got, want := heartbeat(p.state, time.Now()), "… 6 of 6 cells done, 2 failed"; got != want {
		t.Errorf("the heartbeat is %q, want %q: the error and the failure", got, want)
	}
}

func TestHeadlineOfABlockedCell(t *testing.T) {
	cause := func(name string) *result.Cause {
		return &result.Cause{DrvPath: "/nix/store/00000000000000000000000000000000-" + name + ".drv"}
	}
	for want, causes := range map[string][]*result.Cause{
		"✘ nixos/a blocked by a failure":      {{Kind: result.CauseDaemon}},
		"✘ nixos/a needs frob-1.2":            {cause("frob-1.2")},
		"✘ nixos/a needs frob-1.2 and 2 more": {cause("frob-1.2"), cause("b"), cause("c")},
	} {
		if got := headline(outcome.Result{Cell: result.Cell{ID: "nixos/a"}, Status: result.DependencyFailed, Causes: causes}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The table at the end says everything about a cause. Until then each cause has one line, and on
// GitHub the end of its log to unfold, as the run may be killed before it gets to the table.
func TestEachCauseIsSaidOnce(t *testing.T) {
	frob := &result.Cause{Kind: result.CauseBuild, Title: "frob failed to build (exit 3)", DrvPath: "/nix/store/00000000000000000000000000000000-frob.drv", LogTail: "no frob\n::error::x", Log: "logs/frob.log"}
	typo := &result.Cause{
		Kind: result.CauseEval, Title: "does not evaluate: x", Message: "x\ny", Hint: "z", LogTail: "a trace",
		Location: &result.Location{File: "flake.nix", Line: 3, Column: 5}, Excerpt: &result.Excerpt{FirstLine: 3, Lines: []string{"    x"}},
	}
	ends := func(id string, s result.Status, causes ...*result.Cause) event.Finished {
		return event.Finished{Result: outcome.Result{Cell: result.Cell{ID: id}, Status: s, Causes: causes, Phases: []outcome.Phase{{}}}}
	}
	const lines = `✘ nixos/a needs frob
  frob failed to build (exit 3)
  full log: logs/frob.log
FOLDED✘ nixos/b needs frob
✘ home/c failed after 0.0s
  does not evaluate: x at flake.nix:3:5
✘ home/d failed after 0.0s
  for the same reason as home/c
  for the same reason as nixos/a
`
	for fold, folded := range map[bool]string{
		false: "",
		true:  "::group::  the log's last 2 lines\n  | no frob\n  | ::error::x\n::endgroup::\n",
	} {
		var said bytes.Buffer
		p := newPrinter(Options{Write: func(text string) { said.WriteString(text) }, Fold: fold})
		for _, e := range []event.Finished{
			ends("nixos/a", result.DependencyFailed, frob), ends("nixos/b", result.DependencyFailed, frob),
			ends("home/c", result.Failed, typo), ends("home/d", result.Failed, typo, frob, typo),
		} {
			p.handle(e)
		}
		if want := strings.Replace(lines, "FOLDED", folded, 1); said.String() != want {
			t.Errorf("said\n%s\nwant\n%s", said.String(), want)
		}
	}
}
