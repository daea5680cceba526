package merge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/merge"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

var began = time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)

// fleet is a random flake with random results, for testing/quick.
type fleet struct {
	matrix  matrix.Matrix
	results []outcome.Result
	flake   []*result.Cause // causes without cells
}

// GoString keeps a failed property short.
func (f fleet) GoString() string { return f.matrix.Key() }

func (fleet) Generate(r *rand.Rand, size int) reflect.Value {
	var inv matrix.Inventory
	users := []string{"joachim", "work", "eve", "u v"}
	some := func() string { return users[r.Intn(len(users))] }
	for i := range 1 + r.Intn(1+size/8) {
		host := fmt.Sprintf("host%d", i)
		if r.Intn(9) == 0 {
			inv.Darwin = append(inv.Darwin, host)
		}
		inv.NixOS = append(inv.NixOS, host)
		for range r.Intn(3) {
			inv.Homes = append(inv.Homes, matrix.Home{Key: some() + "@" + host})
		}
		if r.Intn(3) == 0 {
			inv.Embedded = append(inv.Embedded, matrix.Embedded{Host: host, User: some()})
		}
	}
	for range r.Intn(3) {
		inv.Homes = append(inv.Homes, matrix.Home{Key: some(), Username: some()}, matrix.Home{Key: some() + "@nowhere"})
		inv.Checks = append(inv.Checks, matrix.Output{System: "x86_64-linux", Name: some()})
	}
	f := fleet{matrix: matrix.New(inv)}
	var causes []*result.Cause
	for i := range 4 {
		causes = append(causes, &result.Cause{Key: fmt.Sprintf("build-%d", i), Kind: result.CauseBuild, Title: fmt.Sprintf("libfrob-%d failed to build", i), LogTail: "no frob"})
	}
	if r.Intn(5) == 0 {
		f.flake = []*result.Cause{{Key: "eval-9", Kind: result.CauseEval, Title: "checks cannot be listed"}}
	}
	for _, c := range f.matrix.Cells {
		res := outcome.Result{Cell: c, Status: result.Passed, How: result.Built, DrvPath: fmt.Sprintf("/nix/store/%d.drv", r.Intn(2*len(f.matrix.Cells)))}
		phase := outcome.Phase{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: result.Passed, Started: began, Duration: r.ExpFloat64()}}
		if r.Intn(3) == 0 {
			res.Status, res.How, phase.Status = result.Failed, "", result.Failed
			for _, k := range r.Perm(4)[:1+r.Intn(2)] {
				res.Causes = append(res.Causes, causes[k])
			}
			phase.Causes = res.Causes[:1]
		}
		for _, k := range r.Perm(3)[:r.Intn(3)] {
			res.Warnings = append(res.Warnings, result.Warning{Text: fmt.Sprintf("option %d is deprecated", k), Location: &result.Location{File: "flake.nix", Line: k}})
		}
		if r.Intn(4) == 0 {
			res.Base = &result.CellBase{Change: result.CellChanged, Outcome: result.Same, Status: res.Status}
		}
		res.Phases = []outcome.Phase{phase}
		f.results = append(f.results, res)
	}
	return reflect.ValueOf(f)
}

// report makes the report of a run of a part of the fleet.
func (f fleet) report(part matrix.Matrix, on result.Machine) result.Report {
	run := reports.Run{Matrix: part, Started: began, Duration: time.Minute}
	run.Tool, run.Nix = result.Tool{Version: "0.1.0"}, result.Tool{Version: "2.34.8"}
	run.Flake = result.Flake{Ref: ".", Locked: "git+file:///fleet?rev=4f2c1d9a", Rev: "4f2c1d9a"}
	run.Base = &result.Base{Ref: "main", Rev: "0a1b2c3"}
	run.Warnings = []result.Warning{{Text: "the flake has no lock file"}}
	run.NotTested = []result.NotTested{{Kind: result.KindPackage, Count: 3, Why: "--kind all"}}
	copies := map[*result.Cause]*result.Cause{} // each run has its own
	copied := func(list []*result.Cause) (own []*result.Cause) {
		for _, c := range list {
			if copies[c] == nil {
				cause := *c
				copies[c] = &cause
			}
			own = append(own, copies[c])
		}
		return own
	}
	var results []outcome.Result
	for _, res := range f.results {
		if !matrix.Has(part.Cells, res.Cell.ID) {
			continue
		}
		res.Causes, res.Phases = copied(res.Causes), slices.Clone(res.Phases)
		for i := range res.Phases {
			res.Phases[i].Causes = copied(res.Phases[i].Causes)
		}
		results = append(results, res)
	}
	run.Causes = copied(f.flake)
	run.Outcome = outcome.Conclude(results, false)
	r := reports.Collect(run)
	if on.Name != "" {
		on.Started, on.Duration = r.Started, r.Duration
		r.Machines = []result.Machine{on}
	}
	return r
}

// whole is the report of one run of everything.
func (f fleet) whole() result.Report { return f.report(f.matrix, result.Machine{}) }

// shards are the reports of n runs that share the work.
func (f fleet) shards(n int) []merge.Source {
	var all []merge.Source
	for i := 1; i <= n; i++ {
		part := f.matrix.Shard(i, n)
		if len(part.Cells) == 0 {
			continue // flakeci run refuses to do nothing
		}
		shard := f.matrix.Describe(i, n)
		all = append(all, merge.Source{File: fmt.Sprintf("s%d.json", i), Report: f.report(part, result.Machine{Name: fmt.Sprintf("runner-%d", i), Selection: f.matrix.Key(), Shard: &shard})})
	}
	return all
}

func merged(t *testing.T, sources ...merge.Source) result.Report {
	t.Helper()
	r, err := merge.Merge(sources, merge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// timeless returns the JSON of a report without times and machines.
func timeless(t *testing.T, r result.Report) string {
	t.Helper()
	r.Started, r.Duration, r.Machines = time.Time{}, 0, nil
	r.Cells = slices.Clone(r.Cells)
	for i := range r.Cells {
		r.Cells[i].Machine = ""
	}
	return written(t, r)
}

func written(t *testing.T, r result.Report) string {
	t.Helper()
	return string(sample.Written(t, result.WriteJSON, r))
}

func check(t *testing.T, property any) {
	t.Helper()
	if err := quick.Check(property, &quick.Config{MaxCount: 100}); err != nil {
		t.Error(err)
	}
}

// differ shows the first lines that differ.
func differ(t *testing.T, got, want string) bool {
	t.Helper()
	if got == want {
		return false
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, strings.Join(a[max(0, i-8):min(len(a), i+8)], "\n"), strings.Join(b[min(len(b), max(0, i-8)):min(len(b), i+8)], "\n"))
			break
		}
	}
	return true
}

func TestShardsMakeTheReportOfOneRun(t *testing.T) {
	check(t, func(f fleet, count uint8, seed int64) bool {
		sources := f.shards(1 + int(count)%16)
		r := merged(t, sources...)
		if differ(t, timeless(t, r), timeless(t, f.whole())) {
			return false
		}
		rand.New(rand.NewSource(seed)).Shuffle(len(sources), reflect.Swapper(sources))
		return !differ(t, written(t, merged(t, sources...)), written(t, r))
	})
}

// A merge can be merged with the rest, or with what it is made of.
func TestMergeInSteps(t *testing.T) {
	check(t, func(f fleet, count, at uint8) bool {
		sources := f.shards(2 + int(count)%6)
		k := 1 + int(at)%len(sources)
		want := written(t, merged(t, sources...))
		first := merge.Source{File: "first.json", Report: merged(t, sources[:k]...)}
		steps := merged(t, append([]merge.Source{first}, sources[k:]...)...)
		again := merged(t, merge.Source{File: "all.json", Report: steps}, sources[0])
		return !differ(t, written(t, steps), want) && !differ(t, written(t, again), want)
	})
}

func TestAMissingShardIsNeverGreen(t *testing.T) {
	check(t, func(f fleet, count, gone uint8) bool {
		for i := range f.results {
			f.results[i].Status, f.results[i].Causes, f.results[i].Phases = result.Passed, nil, nil
		}
		f.flake = nil
		sources := f.shards(2 + int(count)%15)
		k := int(gone) % len(sources)
		lost := sources[k].Report
		rest := slices.Delete(slices.Clone(sources), k, k+1)
		if len(rest) == 0 {
			return true
		}
		r := merged(t, rest...)
		if r.Verdict != result.VerdictError || len(r.Causes) != 1 || r.Causes[0].Title != "shard "+lost.Machines[0].Shard.String()+" is missing" {
			t.Errorf("%s: %+v", r.Verdict, r.Causes)
			return false
		}
		for _, c := range lost.Cells {
			if !slices.Contains(r.Causes[0].Cells, c.ID) {
				t.Errorf("%s is not named", c.ID)
				return false
			}
		}
		back := merged(t, merge.Source{File: "merged.json", Report: r}, sources[k])
		partial, err := merge.Merge(rest, merge.Options{Partial: true})
		return !differ(t, timeless(t, back), timeless(t, f.whole())) && err == nil && partial.Verdict == result.VerdictPassed
	})
}

// Reports by strangers, and by hand.
func TestAnyReports(t *testing.T) {
	check(t, func(a, b, c sample.Report) bool {
		sources := []merge.Source{{File: "a.json", Report: a.Report}, {File: "b.json", Report: b.Report}, {File: "c.json", Report: c.Report}}
		worst := result.VerdictPassed
		for i := range sources {
			r := &sources[i].Report
			r.Flake = result.Flake{Rev: "4f2c1d9a"}
			r.Verdict = result.VerdictOf(r.Cells, r.Causes, i == 1 && len(r.Notes) == 0)
			if r.Verdict != result.VerdictPassed {
				worst = r.Verdict
			}
		}
		before, _ := json.Marshal(sources)
		r, err := merge.Merge(sources, merge.Options{})
		if err != nil {
			var refused *merge.RefusedError
			return errors.As(err, &refused)
		}
		if after, _ := json.Marshal(sources); !bytes.Equal(before, after) {
			t.Error("the merge changes its sources")
		}
		if worst != result.VerdictPassed && r.Verdict == result.VerdictPassed {
			t.Errorf("passed although one is %s", worst)
		}
		ids := map[string]bool{}
		for _, c := range r.Causes {
			if ids[c.ID] {
				t.Errorf("two causes are %s", c.ID)
			}
			ids[c.ID] = true
		}
		for _, c := range r.Cells {
			for _, id := range c.Causes {
				if !ids[id] {
					t.Errorf("%s has the cause %s, which does not exist", c.ID, id)
				}
			}
		}
		sample.CheckJSON(t, r)
		view.NewTimeline(r)
		slices.Reverse(sources)
		other := merged(t, sources...)
		return !differ(t, written(t, other), written(t, r)) && !t.Failed()
	})
}
