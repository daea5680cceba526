package merge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
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
		run.Pushes = append(run.Pushes, result.Push{To: "cachix:ours", Path: "/nix/store/" + res.Cell.ID, Status: result.Pushed, Paths: 2, Bytes: 100})
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
	if part := f.matrix.Shard(1, n); len(part.Cells) == 0 || len(part.Cells) == len(f.matrix.Cells) {
		n = 1 // everything stays together
	}
	for i := 1; i <= n; i++ {
		part := f.matrix.Shard(i, n)
		if len(part.Cells) == 0 {
			continue // flakeci run refuses to do nothing
		}
		shard := f.matrix.Describe(part, i, n)
		all = append(all, merge.Source{File: fmt.Sprintf("s%d.json", i), Report: f.report(part, result.Machine{Name: fmt.Sprintf("runner-%d", i), Selection: f.matrix.Key(), Shard: shard})})
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
		// A shard without cells may be missing too: nobody runs it.
		named := len(r.Causes) == 1 && (strings.Contains(r.Causes[0].Title, lost.Machines[0].Shard.String()) || strings.Contains(r.Causes[0].Title, "more are missing"))
		if r.Verdict != result.VerdictError || !named {
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
			for k := range r.Machines {
				r.Machines[k].Attempt = 1 // a later one may make up for a failure
			}
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

// saved reads reports of testdata.
func saved(t *testing.T, names ...string) []merge.Source {
	t.Helper()
	var all []merge.Source
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := result.ReadJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, merge.Source{File: name + ".json", Report: r})
	}
	return all
}

// One shard was run twice, and one is missing. The forms of the report are next to it. The missing
// one may come later.
func TestGolden(t *testing.T) {
	r := merged(t, saved(t, "shard-1", "shard-1-again", "shard-2")...)
	sample.GoldenFile(t, "merged.json", sample.Written(t, result.WriteJSON, r))
	late := merged(t, append(saved(t, "shard-3"), merge.Source{File: "merged.json", Report: r})...)
	all := merged(t, saved(t, "shard-1", "shard-1-again", "shard-2", "shard-3")...)
	if differ(t, written(t, late), written(t, all)) || late.Verdict != result.VerdictFailed || len(late.Machines) != 4 {
		t.Errorf("with the missing shard: %s on %d machines", late.Verdict, len(late.Machines))
	}
}

func find(t *testing.T, r result.Report, id string) result.CellResult {
	t.Helper()
	for _, c := range r.Cells {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no %s", id)
	return result.CellResult{}
}

// run makes a report of one cell.
func run(name string, status result.Status, change func(*result.Report, *result.Machine)) merge.Source {
	r := result.Report{
		Flake: result.Flake{Rev: "4f2c1d9a"}, Started: began, Duration: 60,
		Cells: []result.CellResult{{Cell: result.Cell{ID: "nixos/a", Kind: result.KindNixOS, Host: "a"}, Status: status}},
	}
	if status == result.Failed {
		r.Cells[0].Causes = []string{"c1"}
		r.Causes = []result.Cause{{ID: "c1", Key: "build-1", Kind: result.CauseBuild, Title: "frob failed to build on " + name, Cells: []string{"nixos/a"}}}
	}
	m := result.Machine{Name: name, System: "x86_64-linux", Run: "7", Job: "ci/all", Attempt: 1, Selection: "0a", Started: began, Duration: 60}
	if change != nil {
		change(&r, &m)
	}
	r.Machines = []result.Machine{m}
	r.Verdict = result.VerdictOf(r.Cells, r.Causes, false)
	return merge.Source{File: name + ".json", Report: r}
}

func TestWhichResultCounts(t *testing.T) {
	attempt := func(n int) func(*result.Report, *result.Machine) {
		return func(_ *result.Report, m *result.Machine) { m.Attempt = n }
	}
	for name, tt := range map[string]struct {
		a, b merge.Source
		want result.Status
		note string
	}{
		"a failure in one attempt": {run("m1", result.Passed, nil), run("m2", result.Failed, nil), result.Failed, "nixos/a counts as failed (m2), not as passed (m1)"},
		"the later attempt":        {run("m1", result.Failed, nil), run("m2", result.Passed, attempt(2)), result.Passed, "nixos/a counts as passed (m2; the later attempt), not as failed (m1)"},
		"the later failure":        {run("m1", result.Passed, nil), run("m2", result.Failed, attempt(2)), result.Failed, "nixos/a counts as failed (m2; the later attempt), not as passed (m1)"},
		"an attempt of another run": {run("m1", result.Failed, nil), run("m2", result.Passed, func(_ *result.Report, m *result.Machine) { m.Attempt, m.Run = 2, "8" }), result.Failed,
			"nixos/a counts as failed (m1), not as passed (m2)"},
		"an attempt of another selection": {run("m1", result.Failed, nil), run("m2", result.Passed, func(_ *result.Report, m *result.Machine) { m.Attempt, m.Selection = 2, "0b" }), result.Failed,
			"nixos/a counts as failed (m1), not as passed (m2)"},
		"an attempt on another system": {run("m1", result.Failed, nil), run("m2", result.Passed, func(_ *result.Report, m *result.Machine) { m.Attempt, m.System = 2, "aarch64-linux" }), result.Failed,
			"nixos/a counts as failed (m1), not as passed (m2)"},
		"tested somewhere": {run("m1", result.Skipped, nil), run("m2", result.Passed, nil), result.Passed, "nixos/a counts as passed (m2), not as skipped (m1)"},
		"the same twice":   {run("m1", result.Passed, nil), run("m2", result.Passed, nil), result.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := merged(t, tt.a, tt.b)
			c := find(t, r, "nixos/a")
			if c.Status != tt.want || strings.Join(r.Notes, "\n") != tt.note || len(r.Cells) != 1 {
				t.Errorf("%s, %q", c.Status, r.Notes)
			}
			if failed := tt.want == result.Failed; failed != (len(r.Causes) == 1) || failed != (r.Verdict == result.VerdictFailed) {
				t.Errorf("%s: %+v", r.Verdict, r.Causes)
			}
		})
	}
}

func TestWhoDidMoreCounts(t *testing.T) {
	how := func(how result.How) func(*result.Report, *result.Machine) {
		return func(r *result.Report, _ *result.Machine) { r.Cells[0].How = how }
	}
	r := merged(t, run("m1", result.Passed, how(result.Evaluated)), run("m2", result.Passed, how(result.Built)))
	if c := find(t, r, "nixos/a"); c.How != result.Built || c.Machine != "m2" {
		t.Errorf("%s on %s", c.How, c.Machine)
	}
}

// A merged report keeps what each machine says about its disk, and how a result was taken over.
func TestMachinesSayWhatIsTheirs(t *testing.T) {
	of := func(name, job string) merge.Source {
		return run(name, result.Passed, func(r *result.Report, m *result.Machine) {
			m.Job, m.Disk.DeletedPaths, m.Basis.Options = job, 3, "hash"
			r.Notes = []string{"--low-disk: 3 paths"}
			r.Cells[0].From, r.Cells[0].Phases = began, []result.Phase{{Name: result.PhaseBuild.Name(), BuiltOn: []string{"ssh://b"}}}
		})
	}
	r := merged(t, of("m1", "a"), of("m2", "b"))
	if want := []string{"m1: --low-disk: 3 paths", "m2: --low-disk: 3 paths"}; !slices.Equal(r.Notes, want) {
		t.Errorf("notes are %q", r.Notes)
	}
	for _, m := range r.Machines {
		if m.Disk.DeletedPaths != 3 || m.Basis.Options != "hash" {
			t.Errorf("the machine is %+v", m)
		}
	}
	if c := r.Cells[0]; len(r.Machines) != 2 || c.From != began || c.Phases[0].BuiltOn[0] != "ssh://b" {
		t.Errorf("%d machines, and the cell is %+v", len(r.Machines), c)
	}
}

// The first attempt could not inspect the flake, or was interrupted.
func TestALaterAttemptMakesUpForABrokenOne(t *testing.T) {
	lost := run("m1", result.Passed, func(r *result.Report, m *result.Machine) {
		m.Selection, m.System = "", ""
		r.Cells, r.Flake, r.Notes = nil, result.Flake{Ref: "."}, []string{"the run was killed"}
		r.Causes = []result.Cause{{ID: "f1", Key: "input-1", Kind: result.CauseInput, Title: "cannot fetch the flake"}}
	})
	canceled := run("m2", result.Canceled, nil)
	canceled.Report.Verdict = result.VerdictCanceled
	again := run("m3", result.Passed, func(_ *result.Report, m *result.Machine) { m.Attempt = 2 })
	if r := merged(t, lost, canceled, again); r.Verdict != result.VerdictPassed || len(r.Causes) != 0 || len(r.Notes) != 1 {
		t.Errorf("%s: %+v, %q", r.Verdict, r.Causes, r.Notes)
	}
	if r := merged(t, lost, run("m4", result.Passed, func(_ *result.Report, m *result.Machine) { m.Job = "ci/other" })); r.Verdict != result.VerdictError || len(r.Causes) != 1 || r.Causes[0].ID != "f1" {
		t.Errorf("%s: %+v", r.Verdict, r.Causes)
	}
	if r := merged(t, canceled, run("m4", result.Passed, nil)); r.Verdict != result.VerdictCanceled {
		t.Errorf("%s although one run was interrupted", r.Verdict)
	}
}

// An early failure on one system says nothing about an attempt on another: a job of a matrix may
// have the same name there.
func TestALaterAttemptElsewhereHidesNoEarlyFailure(t *testing.T) {
	early := func(system string) merge.Source {
		return run("m1", result.Passed, func(r *result.Report, m *result.Machine) {
			m.Selection, m.System, r.Cells = "", system, nil
			r.Causes = []result.Cause{{ID: "f1", Key: "input-1", Kind: result.CauseInput, Title: "cannot fetch the flake"}}
		})
	}
	again := run("m2", result.Passed, func(_ *result.Report, m *result.Machine) { m.Attempt, m.System = 2, "aarch64-linux" })
	for system, want := range map[string]result.Verdict{"x86_64-linux": result.VerdictError, "aarch64-linux": result.VerdictPassed} {
		if r := merged(t, early(system), again); r.Verdict != want {
			t.Errorf("failed early on %s: %s", system, r.Verdict)
		}
	}
}

// A report that is not explained by its cells is never made better.
func TestAnUnexplainedVerdictStays(t *testing.T) {
	odd := run("m1", result.Passed, nil)
	odd.Report.Verdict = result.VerdictError
	if r := merged(t, odd, run("m2", result.Passed, nil)); r.Verdict != result.VerdictError {
		t.Errorf("%s", r.Verdict)
	}
}

func TestRefused(t *testing.T) {
	flake := func(f result.Flake) func(*result.Report, *result.Machine) {
		return func(r *result.Report, _ *result.Machine) { r.Flake = f }
	}
	shard := func(selection string, i, n int) func(*result.Report, *result.Machine) {
		return func(_ *result.Report, m *result.Machine) {
			m.Selection, m.Shard = selection, &result.Shard{Index: i, Count: n}
		}
	}
	hashed := func(hash string) result.Flake {
		return result.Flake{Locked: "path:/f?narHash=" + hash + "&lastModified=1", Dirty: true}
	}
	for name, tt := range map[string]struct {
		a, b func(*result.Report, *result.Machine)
		want string // empty if they can be merged
	}{
		"another revision": {flake(result.Flake{Rev: "4f2c1d9a"}), flake(result.Flake{Rev: "5a3d2e0b"}), "a.json and b.json are not of the same flake: one is of revision 4f2c1d9a, the other of 5a3d2e0b"},
		"a dirty tree":     {flake(result.Flake{Rev: "4f2c1d9a", Dirty: true}), flake(result.Flake{Rev: "4f2c1d9a", Dirty: true}), "a.json and b.json are not of the same flake: their uncommitted changes may differ"},
		"no revision":      {flake(result.Flake{Locked: "path:/f"}), flake(result.Flake{Locked: "path:/f"}), "a.json and b.json are not of the same flake: they name no revision"},
		"another folder":   {flake(result.Flake{Rev: "4f", Locked: "git+file:///f?dir=a&rev=4f"}), flake(result.Flake{Rev: "4f", Locked: "git+file:///f?rev=4f"}), `a.json and b.json are not of the same flake: one is in the folder "a", the other in ""`},
		"the same files":   {flake(hashed("sha256-a+b/c=")), flake(hashed("sha256-a%2Bb/c%3D")), ""},
		"other files":      {flake(hashed("sha256-a")), flake(hashed("sha256-b")), "a.json and b.json are not of the same flake: their uncommitted changes may differ"},
		"another division": {shard("0a", 1, 2), shard("0a", 2, 3), "a, shard 1/2 and b, shard 2/3 divide the same cells differently"},
		"no such shard":    {shard("0a", 3, 2), shard("0a", 1, 2), "a, shard 3/2: there is no such shard"},
		"huge numbers":     {shard("0a", 1, 1<<40), shard("0a", 2, 1<<40), "a, shard 1/1099511627776: there is no such shard"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := merge.Merge([]merge.Source{run("a", result.Passed, tt.a), run("b", result.Passed, tt.b)}, merge.Options{})
			var refused *merge.RefusedError
			switch {
			case tt.want == "" && err == nil:
			case !errors.As(err, &refused) || refused.Text != tt.want:
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMissingShards(t *testing.T) {
	shard := func(selection string, i, n int) merge.Source {
		return run(fmt.Sprintf("%s-%d", selection, i), result.Passed, func(_ *result.Report, m *result.Machine) {
			m.Selection, m.Shard = selection, &result.Shard{Index: i, Count: n}
		})
	}
	of := func(cell string, i int) merge.Source {
		key := matrix.Key([]result.Cell{{ID: "nixos/a"}, {ID: "nixos/b"}})
		return run(cell, result.Passed, func(r *result.Report, m *result.Machine) {
			m.Selection, m.Shard, r.Cells[0].ID = key, &result.Shard{Index: i, Count: 4}, cell
		})
	}
	alone := shard(matrix.Key([]result.Cell{{ID: "nixos/a"}}), 1, 2)
	early := run("early", result.Passed, func(r *result.Report, m *result.Machine) {
		m.Selection, m.Shard, r.Cells, r.Flake = "", &result.Shard{Index: 2, Count: 2}, nil, result.Flake{Ref: "."}
		r.Causes = []result.Cause{{ID: "f1", Key: "input-1", Kind: result.CauseInput, Title: "cannot fetch the flake"}}
	})
	retried := run("retried", result.Passed, func(_ *result.Report, m *result.Machine) {
		m.Attempt, m.Selection, m.Shard = 2, "0a", &result.Shard{Index: 2, Count: 2}
	})
	for name, tt := range map[string]struct {
		sources []merge.Source
		want    []string // titles of causes
	}{
		"all":                         {[]merge.Source{shard("0a", 1, 2), shard("0a", 2, 2)}, nil},
		"one":                         {[]merge.Source{shard("0a", 2, 2)}, []string{"shard 1/2 is missing"}},
		"many":                        {[]merge.Source{shard("0a", 2, 256)}, []string{"shards 1/256, 3/256, 4/256, 5/256, 6/256, 7/256, 8/256, 9/256, 10/256, 11/256 and 245 more are missing"}},
		"none that has cells":         {[]merge.Source{of("nixos/a", 1), of("nixos/b", 3)}, nil},
		"one that may have cells":     {[]merge.Source{of("nixos/a", 1), of("nixos/c", 3)}, []string{"shards 2/4 and 4/4 are missing"}},
		"all but one":                 {[]merge.Source{alone}, []string{"shard 2/2 is missing"}},
		"two selections, one missing": {[]merge.Source{shard("0a", 1, 2), shard("0a", 2, 2), shard("0b", 1, 2)}, []string{"shard 2/2 is missing"}},
		"one that failed early":       {[]merge.Source{shard("0a", 1, 2), early}, []string{"cannot fetch the flake"}},
		"one that was repeated":       {[]merge.Source{shard("0a", 1, 2), early, retried, shard("0b", 1, 2)}, []string{"shard 2/2 is missing"}},
		"only one that failed early":  {[]merge.Source{early}, []string{"cannot fetch the flake", "shard 1/2 is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := merged(t, tt.sources...)
			var titles []string
			for _, c := range r.Causes {
				titles = append(titles, c.Title)
			}
			if !slices.Equal(titles, tt.want) || (r.Verdict == result.VerdictPassed) != (len(tt.want) == 0) {
				t.Errorf("%s: %q", r.Verdict, titles)
			}
		})
	}
}

// Copies of a report may name different cells of other shards: reading leaves out those that were
// read before. None of them is lost, whichever copy comes first.
func TestCopiesThatNameDifferentCells(t *testing.T) {
	of := func(file string, others ...result.Cell) merge.Source {
		s := run("m1", result.Passed, func(_ *result.Report, m *result.Machine) {
			m.Shard = &result.Shard{Index: 1, Count: 2, Others: others}
		})
		s.File = file
		return s
	}
	cell := result.Cell{ID: "nixos/b", Kind: result.KindNixOS, Host: "b"}
	for name, sources := range map[string][]merge.Source{
		"the first": {of("a.json", cell), of("b.json")},
		"the last":  {of("a.json"), of("b.json", cell)},
	} {
		r := merged(t, sources...)
		if c := find(t, r, "nixos/b"); c.Status != result.Error || len(r.Cells) != 2 || len(r.Machines) != 1 {
			t.Errorf("%s names it: %+v on %+v", name, r.Cells, r.Machines)
		}
	}
}

func TestBases(t *testing.T) {
	base := func(b *result.Base) func(*result.Report, *result.Machine) {
		return func(r *result.Report, m *result.Machine) {
			m.Started, r.Started = m.Started.Add(time.Duration(len(m.Name))*time.Second), r.Started.Add(time.Duration(len(m.Name))*time.Second)
			r.Cells[0].ID, r.Base = "nixos/"+m.Name, b
			if b != nil && b.Missing == "" {
				r.Cells[0].Base = &result.CellBase{Change: result.CellChanged}
			}
		}
	}
	main := &result.Base{Ref: "main", Rev: "0a1b2c3"}
	r := merged(t,
		run("a", result.Passed, base(main)), run("bb", result.Passed, base(&result.Base{Ref: "origin/main", Rev: "0a1b2c3"})), run("ccc", result.Passed, base(nil)),
		run("dddd", result.Passed, base(&result.Base{Ref: "main", Missing: "cannot fetch it"})), run("eeeee", result.Passed, base(&result.Base{Ref: "v1", Rev: "9f8e7d6"})))
	want := []string{
		"ccc was not compared with main", "dddd was not compared with main: cannot fetch it",
		"eeeee was compared with v1 (9f8e7d6), not with main (0a1b2c3); this report leaves that comparison out",
	}
	if !reflect.DeepEqual(r.Base, main) || !slices.Equal(r.Notes, want) {
		t.Errorf("%+v, %q", r.Base, r.Notes)
	}
	for id, compared := range map[string]bool{"nixos/a": true, "nixos/bb": true, "nixos/eeeee": false} {
		if c := find(t, r, id); (c.Base != nil) != compared {
			t.Errorf("%s: %+v", id, c.Base)
		}
	}
}

func TestNotTested(t *testing.T) {
	left := func(cells []string, list ...result.NotTested) func(*result.Report, *result.Machine) {
		return func(r *result.Report, _ *result.Machine) {
			r.Cells, r.NotTested = nil, list
			for _, id := range cells {
				kind, host, _ := strings.Cut(id, "/")
				r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: id, Kind: result.Kind(kind), Host: host}, Status: result.Passed})
			}
		}
	}
	hosts := func(n int) result.NotTested { return result.NotTested{Kind: result.KindNixOS, Count: n, Why: "--host"} }
	checks := result.NotTested{Kind: result.KindCheck, Count: 2, Why: "--kind all"}
	for name, tt := range map[string]struct {
		a, b func(*result.Report, *result.Machine)
		want []result.NotTested
	}{
		"the same":          {left([]string{"nixos/a"}, hosts(3), checks), left([]string{"nixos/b"}, hosts(3), checks), []result.NotTested{hosts(3), checks}},
		"each other":        {left([]string{"nixos/a", "nixos/b"}, hosts(1)), left([]string{"nixos/c"}, hosts(2)), nil},
		"most of it":        {left([]string{"nixos/a", "nixos/b"}, hosts(3)), left([]string{"nixos/c"}, hosts(4)), []result.NotTested{hosts(2)}},
		"another kind":      {left([]string{"nixos/a"}, checks), left([]string{"check/1", "check/2"}, hosts(1)), nil},
		"not of every kind": {left([]string{"nixos/a"}, checks), left([]string{"nixos/a", "check/1"}, result.NotTested{Kind: result.KindCheck, Count: 1, Why: "--exclude"}), []result.NotTested{{Kind: result.KindCheck, Count: 1, Why: "--exclude"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := merged(t, run("a", result.Passed, tt.a), run("b", result.Passed, tt.b))
			if len(r.NotTested) != len(tt.want) || len(tt.want) > 0 && !slices.Equal(r.NotTested, tt.want) {
				t.Errorf("got %+v", r.NotTested)
			}
		})
	}
}

// The names of machines differ, whatever the reports say.
func TestMachines(t *testing.T) {
	unnamed := func(r *result.Report, m *result.Machine) { m.Name = "" }
	old := run("night/report", result.Passed, nil)
	old.Report.Machines = nil
	r := merged(t, run("m", result.Passed, nil), run("m", result.Failed, func(_ *result.Report, m *result.Machine) { m.Attempt = 2 }),
		run("b", result.Passed, unnamed), old, run("m", result.Passed, func(_ *result.Report, m *result.Machine) { m.Job = "other" }))
	var names []string
	for _, m := range r.Machines {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	if want := []string{"b", "m, attempt 1", "m, attempt 1 (2)", "m, attempt 2", "night"}; !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name string, r result.Report) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, sample.Written(t, result.WriteJSON, r), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	logged := func(r *result.Report, m *result.Machine) {
		r.Cells[0].ID = "nixos/" + m.Name
		r.Causes[0].Log, r.Causes[0].Key, r.Causes[0].Cells = "artifacts/frob.log", "build-"+m.Name, []string{"nixos/" + m.Name}
	}
	write("s1/report.json", run("s1", result.Failed, logged).Report)
	write("s2/report.json", run("s2", result.Failed, logged).Report)
	files := []string{"s1/report.json", "s2/report.json"}
	r, err := merge.Files(files, merge.Options{})
	if err != nil || r.Causes[0].Log != "s1/artifacts/frob.log" || r.Causes[1].Log != "s2/artifacts/frob.log" {
		t.Fatalf("%+v, %v", r.Causes, err)
	}
	for _, tt := range [][3]string{{"", "s2/artifacts/frob.log", "s2/artifacts"}, {".", "s2/artifacts/frob.log", "s2/"}, {"logs", "s2/artifacts/frob.log", "logs"}, {"", "frob.log", "artifacts"}} {
		if got := merge.Artifacts(files, tt[0], tt[1]); got != tt[2] {
			t.Errorf("%q of %q is in %q, want %q", tt[1], tt[0], got, tt[2])
		}
	}
	lying := run("lying", result.Failed, nil).Report
	lying.Verdict = result.VerdictPassed
	write("lying.json", lying)
	var refused *merge.RefusedError
	if _, err := merge.Files([]string{"s1/report.json", "lying.json"}, merge.Options{}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "the verdict is passed, but not all cells passed") {
		t.Errorf("got %v", err)
	}
	if _, err := merge.Files([]string{"s1/report.json", "none.json"}, merge.Options{}); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	if _, err := merge.Files(make([]string, 5000), merge.Options{}); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}
