package progress

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// fixture is a state with a clock that only the test moves.
type fixture struct {
	*State
	*testing.T
	time time.Time
	host result.Cell
}

func hosts(t *testing.T, names ...string) matrix.Matrix {
	t.Helper()
	m, err := matrix.New(matrix.Inventory{NixOS: names}).Select(matrix.Selection{Kinds: []result.Kind{result.KindNixOS}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// begin begins a run of two hosts.
func begin(t *testing.T) *fixture {
	t.Helper()
	m := hosts(t, "a", "b")
	f := &fixture{T: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), host: m.Cells[0]}
	f.State = New(m, func() time.Time { return f.time })
	return f
}

func (f *fixture) apply(events ...event.Event) {
	for _, e := range events {
		f.Apply(e)
	}
}

// running lists what is running, with the seconds it has taken.
func (f *fixture) running() string {
	var list []string
	for _, a := range f.Running {
		list = append(list, strings.TrimSpace(a.Cell.ID+" "+a.Name()+" "+f.time.Sub(a.Since).String()+" "+a.Retry))
	}
	return strings.Join(list, ", ")
}

func TestPhases(t *testing.T) {
	f := begin(t)
	steps := []struct {
		event event.Event
		want  string
	}{
		{event.Started{Cell: f.host, Phase: result.PhaseEval.Name()}, "nixos/a eval 0s"},
		{event.Waiting{Cell: f.host}, ""},
		{event.Started{Cell: f.host, Phase: result.PhaseBuild.Name()}, "nixos/a build 0s"},
		{event.Retrying{Cells: []result.Cell{f.host}, Cause: &result.Cause{Title: "lost"}}, "nixos/a build 1s lost"},
		{event.Waiting{Cell: f.host}, ""},
		{event.Resumed{Cell: f.host, Phase: result.PhaseBuild.Name(), Since: f.time.Add(3 * time.Second)}, "nixos/a build 2s"},
		{event.Started{Cell: f.host, Phase: result.PhaseBuild.Name(), AtBase: true}, "nixos/a build at the base 0s"},
		{event.Finished{Result: outcome.Result{Cell: f.host, Status: result.Passed}}, ""},
	}
	for i, s := range steps {
		f.apply(s.event)
		if got := f.running(); got != s.want {
			t.Errorf("step %d: %q is under way, want %q", i, got, s.want)
		}
		f.time = f.time.Add(time.Second)
	}
	c := f.Cells[f.host.ID]
	if want := []result.PhaseKind{result.PhaseEval, result.PhaseBuild}; !slices.Equal(c.Begun, want) || !c.Finished() || c.Failed() {
		t.Errorf("the cell is %+v", c)
	}
}

// For a build that waits in the middle, only its running time counts.
func TestSpent(t *testing.T) {
	f := begin(t)
	f.apply(event.Started{Cell: f.host, Phase: result.PhaseBuild.Name()})
	f.time = f.time.Add(20 * time.Second)
	f.apply(event.Waiting{Cell: f.host})
	f.time = f.time.Add(time.Minute)
	f.apply(event.Waiting{Cell: f.host})
	if got := f.Cells[f.host.ID].Spent; got != 20*time.Second {
		t.Errorf("it took %s", got)
	}
}

// A home that is activated in its host finishes twice and counts once, with its last
// result. A cell that needs no attention has not failed.
func TestCounts(t *testing.T) {
	f := begin(t)
	home := matrix.EmbeddedCell(f.host, "ann", "")
	other := f.Matrix.Cells[1]
	finished := func(c result.Cell, s result.Status) event.Event {
		return event.Finished{Result: outcome.Result{Cell: c, Status: s}}
	}
	for i, s := range []struct {
		event                       event.Event
		finished, announced, failed int
	}{
		{finished(home, result.Passed), 1, 2, 0},
		{finished(home, result.Failed), 1, 2, 1},
		{finished(f.host, result.Canceled), 2, 2, 1},
		{finished(other, result.Error), 3, 3, 2},
		{event.Compared{Result: outcome.Result{Cell: other, Status: result.Error}}, 3, 3, 2},
		{finished(home, result.Passed), 3, 3, 1},
		{event.Added{Cells: hosts(t, "late", "later").Cells}, 3, 5, 1},
	} {
		f.apply(s.event)
		if f.Finished != s.finished || f.Announced() != s.announced || f.Failed != s.failed {
			t.Errorf("step %d: %d of %d finished, %d failed, want %d of %d, %d", i, f.Finished, f.Announced(), f.Failed, s.finished, s.announced, s.failed)
		}
	}
	if len(f.Cells) != 5 || len(f.Matrix.Cells) != 5 {
		t.Errorf("there are %d cells, %d in the matrix", len(f.Cells), len(f.Matrix.Cells))
	}
}

// A home moves to the user that its evaluation names, which changes the matrix.
func TestUserBecomesKnown(t *testing.T) {
	f := begin(t)
	home := matrix.New(matrix.Inventory{Homes: []matrix.Home{{Key: "desktop"}}}).Cells[0]
	shownFor := func() string {
		return f.Matrix.Cells[slices.IndexFunc(f.Matrix.Cells, func(c result.Cell) bool { return c.ID == home.ID })].User
	}
	f.apply(event.Added{Cells: []result.Cell{home}})
	before := f.Version
	f.apply(event.Started{Cell: home, Phase: result.PhaseEval.Name()})
	if f.Version != before {
		t.Error("the matrix changed for nothing")
	}
	f.apply(event.Waiting{Cell: home.WithUser("niri")})
	if f.Version == before || f.Cells[home.ID].User != "niri" || shownFor() != "niri" {
		t.Errorf("in the matrix it is of %q, the cell is %+v", shownFor(), f.Cells[home.ID])
	}
}

// Two nix may need the same builder: the one that began first is the one that ends, and
// later lines belong to the other.
func TestBuilders(t *testing.T) {
	f := begin(t)
	f.apply(event.BuilderStarted{Drv: "x"}, event.Line{Drv: "x", Text: "one"})
	first := f.Builders[0]
	f.time = f.time.Add(time.Second)
	f.apply(event.BuilderStarted{Drv: "x"}, event.Line{Drv: "x", Text: "two"}, event.Line{Drv: "y", Text: "nobody's"})
	second := f.Builders[1]
	f.apply(event.Stalled{Drv: "x", Silent: 5 * time.Second})
	if want := f.time.Add(-5 * time.Second); !first.Silent.Equal(want) || !second.Silent.Equal(want) {
		t.Errorf("silent since %s and %s", first.Silent, second.Silent)
	}
	f.apply(event.Stalled{Drv: "x"}, event.BuilderStopped{Drv: "y"}, event.BuilderStopped{Drv: "x"})
	f.time = f.time.Add(time.Minute)
	if len(f.Builders) != 1 || f.Builders[0] != second || first.Elapsed(f.time) != time.Second || second.Elapsed(f.time) != time.Minute {
		t.Errorf("%d run, for %s and %s", len(f.Builders), first.Elapsed(f.time), second.Elapsed(f.time))
	}
	if !second.Silent.IsZero() || first.Log.Last() != "one" || second.Log.Last() != "two" {
		t.Errorf("silent since %s, the logs end with %q and %q", second.Silent, first.Log.Last(), second.Log.Last())
	}
}

func TestPlanning(t *testing.T) {
	f := begin(t)
	f.apply(event.Planning{Running: true})
	if !f.Planning.Equal(f.time) {
		t.Errorf("asking since %s", f.Planning)
	}
	f.apply(event.Planning{Running: false})
	if !f.Planning.IsZero() {
		t.Errorf("asking since %s still", f.Planning)
	}
}
