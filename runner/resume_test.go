package runner

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// resumed returns a run of hosts a and b with ann inside a, joe's home for a, and a's VM. It
// resumes a run in which these cells passed.
func resumed(t *testing.T, same bool, passed ...string) (*run, []result.Cell) {
	t.Helper()
	all := matrix.New(matrix.Inventory{NixOS: []string{"a", "b"}, Homes: []matrix.Home{{Key: "joe@a"}}}).Cells
	cells := slices.DeleteFunc(all, func(c result.Cell) bool { return c.ID == "vm/b" })
	inside := matrix.EmbeddedCell(cells[0], "ann", "")
	r := &run{ended: map[string]chan struct{}{}}
	r.Embedded = func(result.Cell) bool { return true }
	r.VM.Homes = map[string][]string{"a": {"home/joe@a"}}
	r.Earlier = &EarlierRun{Passed: map[string]outcome.Result{}, Same: map[string]bool{}}
	for _, c := range append(slices.Clone(cells), inside) {
		if c.ID != inside.ID {
			r.ended[c.ID] = make(chan struct{})
		}
		if slices.Contains(passed, c.ID) {
			res := outcome.Result{Cell: c, Status: result.Passed, How: result.Built, DrvPath: c.ID + ".drv", From: time.Now(), Home: question.HomeInfo{Username: c.User}}
			if c.Kind == result.KindHome {
				res.Phases = []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: result.Passed}}, {Phase: result.Phase{Name: result.PhaseActivate.Name(), Status: result.Passed}}}
			}
			r.Earlier.Passed[c.ID], r.Earlier.Same[c.ID] = res, same
		}
	}
	if same {
		r.Earlier.Homes = []result.Cell{inside}
	}
	return r, cells
}

func idsOf(cells []result.Cell) string {
	var ids []string
	for _, c := range cells {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func (r *run) finished() string {
	var cells []result.Cell
	for _, res := range r.results {
		cells = append(cells, res.Cell)
	}
	return idsOf(cells)
}

// Cells that belong together are evaluated together or not at all.
func TestTakeOver(t *testing.T) {
	const ann = "nixos/a/home/ann"
	for name, c := range map[string]struct {
		passed     []string
		taken      string
		toEvaluate string
	}{
		"all":                    {[]string{"nixos/a", ann, "nixos/b", "home/joe@a", "vm/a"}, "home/joe@a nixos/a nixos/a/home/ann nixos/b vm/a", ""},
		"nothing":                {nil, "", "home/joe@a nixos/a nixos/b vm/a"},
		"without a home inside":  {[]string{"nixos/a", "nixos/b", "home/joe@a", "vm/a"}, "home/joe@a nixos/b", "nixos/a vm/a"},
		"without a host":         {[]string{ann, "nixos/b", "home/joe@a", "vm/a"}, "home/joe@a nixos/b vm/a", "nixos/a"},
		"without a home in a VM": {[]string{"nixos/a", ann, "vm/a"}, "nixos/a nixos/a/home/ann", "home/joe@a nixos/b vm/a"},
		"without a VM":           {[]string{"nixos/a", ann, "nixos/b", "home/joe@a"}, "home/joe@a nixos/a nixos/a/home/ann nixos/b", "vm/a"},
	} {
		r, cells := resumed(t, true, c.passed...)
		if rest := idsOf(r.takeOverCells(t.Context(), cells)); rest != c.toEvaluate || r.finished() != c.taken {
			t.Errorf("%s: taken %q, to evaluate %q", name, r.finished(), rest)
		}
	}
}

// In a changed flake, cells with the same derivation are taken over once that is known.
func TestTakeOverByDerivation(t *testing.T) {
	r, cells := resumed(t, false, "nixos/a", "nixos/b")
	if rest := r.takeOverCells(t.Context(), cells); len(rest) != len(cells) {
		t.Errorf("not evaluated: %s", r.finished())
	}
	for drv, want := range map[string]bool{"nixos/b.drv": true, "other.drv": false, "": false} {
		if res := (outcome.Result{Cell: cells[1], DrvPath: drv}); r.takeOverResult(&res) != want || want == res.From.IsZero() {
			t.Errorf("%q: %+v", drv, res)
		}
	}
}

// A VM in which nothing is new is not booted again. Otherwise its homes are activated again, and
// the earlier activations no longer count.
func TestTakeOverOfVMs(t *testing.T) {
	for name, c := range map[string]struct {
		drv     string
		newHome bool
		want    bool
	}{
		"the same":           {"vm/a.drv", false, true},
		"another":            {"other.drv", false, false},
		"with another joe@a": {"vm/a.drv", true, false},
	} {
		r, cells := resumed(t, false, "home/joe@a", "vm/a")
		r.takeOverCells(t.Context(), cells)
		vm := cells[slices.IndexFunc(cells, func(c result.Cell) bool { return c.Kind == result.KindVM })]
		home := r.Earlier.Passed["home/joe@a"]
		if c.newHome {
			home.From, home.Phases = time.Time{}, home.Phases[:1]
		}
		r.finish(home)
		res := outcome.Result{Cell: vm, DrvPath: c.drv}
		if got := r.takeOverResult(&res); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if activated := slices.ContainsFunc(r.results[0].Phases, isActivation); activated != c.want {
			t.Errorf("%s: activated is %v", name, activated)
		}
	}
}

// A home whose user is unknown, as after another machine's report, is evaluated if its host is
// booted again, and only then.
func TestUnknownUserIsEvaluated(t *testing.T) {
	for name, c := range map[string]struct {
		passed []string
		rest   string
	}{
		"all passed":         {[]string{"nixos/a", "nixos/a/home/ann", "home/joe@a", "vm/a", "nixos/b"}, ""},
		"the VM boots again": {[]string{"nixos/a", "nixos/a/home/ann", "home/joe@a", "nixos/b"}, "home/joe@a nixos/a vm/a"},
	} {
		r, cells := resumed(t, true, c.passed...)
		for id, res := range r.Earlier.Passed {
			res.Home = question.HomeInfo{}
			r.Earlier.Passed[id] = res
		}
		if got := idsOf(r.takeOverCells(t.Context(), cells)); got != c.rest {
			t.Errorf("%s: %q is left, want %q", name, got, c.rest)
		}
	}
}

// A host is booted again if a home that now belongs into it was not activated in it.
func TestHomeThatWasNotActivated(t *testing.T) {
	r, cells := resumed(t, true, "nixos/a", "nixos/a/home/ann", "home/joe@a", "vm/a", "nixos/b")
	joe := r.Earlier.Passed["home/joe@a"]
	joe.Phases = joe.Phases[:1]
	r.Earlier.Passed["home/joe@a"] = joe
	if got := idsOf(r.takeOverCells(t.Context(), cells)); got != "vm/a" {
		t.Errorf("%q is left", got)
	}
}
