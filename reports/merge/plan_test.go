package merge_test

import (
	"slices"
	"testing"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/merge"
	"github.com/flakeci/flakeci/result"
)

// planned makes the reports of a plan and of its shards, which are to build what passes.
func (f fleet) planned(n int) []merge.Source {
	plan := f
	plan.results = slices.Clone(f.results)
	var pending []result.Cell
	for i, res := range plan.results {
		if res.Status == result.Passed && i%3 > 0 {
			pending = append(pending, res.Cell)
			res.How, res.Causes, res.Phases, res.Flaky, res.Note = result.Evaluated, nil, nil, false, ""
			plan.results[i] = res
		}
	}
	n = max(1, min(n, len(pending)))
	on := func(name string, i int) result.Machine {
		return result.Machine{Name: name, Selection: f.matrix.Key(), Shard: &result.Shard{Index: i, Count: n, Planned: true}}
	}
	all := []merge.Source{{File: "plan.json", Report: plan.report(f.matrix, on("plan", 0))}}
	if len(pending) == 0 {
		all[0].Report.Machines[0].Shard.Count = 0
		return all
	}
	for i := range n {
		part := matrix.Matrix{Cells: pending[i*len(pending)/n : (i+1)*len(pending)/n]}
		all = append(all, merge.Source{File: string(rune('a'+i)) + ".json", Report: f.report(part, on("runner", i+1))})
	}
	return all
}

func TestAPlanAndItsShardsMakeTheReportOfOneRun(t *testing.T) {
	check(t, func(f fleet, count uint8) bool {
		return !differ(t, cellsOf(t, merged(t, f.planned(1+int(count)%6)...)), cellsOf(t, f.whole()))
	})
}

// cellsOf returns the verdict and the results of a report.
func cellsOf(t *testing.T, r result.Report) string {
	return timeless(t, result.Report{Verdict: r.Verdict, Cells: r.Cells, Flake: r.Flake})
}

func TestAPlanWithoutAShardIsNeverGreen(t *testing.T) {
	check(t, func(f fleet, count, gone uint8) bool {
		sources := f.planned(1 + int(count)%6)
		k := int(gone) % len(sources)
		if len(sources) == 1 {
			return true
		}
		r := merged(t, slices.Delete(sources, k, k+1)...)
		return r.Verdict != result.VerdictPassed
	})
}

// cell is a result in the report of a plan or of a shard.
type cell struct {
	id     string
	status result.Status
	how    result.How
}

func (c cell) in(r *result.Report) {
	r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: "nixos/" + c.id, Kind: result.KindNixOS, Host: c.id}, Status: c.status, How: c.how})
	if c.status == result.Failed {
		id := "c" + c.id
		r.Cells[len(r.Cells)-1].Causes = []string{id}
		r.Causes = append(r.Causes, result.Cause{ID: id, Key: "build-" + c.id, Kind: result.CauseBuild, Title: "frob failed", Cells: []string{"nixos/" + c.id}})
	}
}

// part is the run of a plan, or of a shard.
func part(job string, attempt, i, n int, cells ...cell) merge.Source {
	return run(job+string(rune('0'+attempt)), result.Passed, func(r *result.Report, m *result.Machine) {
		m.Job, m.Attempt, m.Shard = job, attempt, &result.Shard{Index: i, Count: n, Planned: true}
		r.Cells = nil
		for _, c := range cells {
			c.in(r)
		}
		if len(cells) == 0 { // it could not inspect the flake
			m.Selection = ""
			r.Causes = []result.Cause{{ID: "f1", Key: "input-1", Kind: result.CauseInput, Title: "cannot fetch the flake"}}
		}
	})
}

func TestAttemptsOfPlans(t *testing.T) {
	todo, cached, built := cell{"a", result.Passed, result.Evaluated}, cell{"a", result.Passed, result.Cached}, cell{"a", result.Passed, result.Built}
	red, green, broken := cell{"b", result.Failed, ""}, cell{"b", result.Passed, result.Cached}, cell{"a", result.Failed, ""}
	type reports = []merge.Source
	for name, tt := range map[string]struct {
		reports reports
		partial bool
		want    result.Verdict
	}{
		"all":                            {reports{part("plan", 1, 0, 1, todo, green), part("leg", 1, 1, 1, built)}, false, result.VerdictPassed},
		"a red plan":                     {reports{part("plan", 1, 0, 1, todo, red), part("leg", 1, 1, 1, built)}, false, result.VerdictFailed},
		"no plan":                        {reports{part("leg", 1, 1, 1, built)}, false, result.VerdictError},
		"no shard":                       {reports{part("plan", 1, 0, 1, todo, green)}, false, result.VerdictError},
		"nothing to do":                  {reports{part("plan", 1, 0, 0, cached, green)}, false, result.VerdictPassed},
		"a shard again":                  {reports{part("plan", 1, 0, 1, todo, green), part("leg", 1, 1, 1, broken), part("leg", 2, 1, 1, built)}, false, result.VerdictPassed},
		"a plan again":                   {reports{part("plan", 1, 0, 2, todo, red), part("leg", 1, 1, 2, broken), part("plan", 2, 0, 1, todo, green), part("leg", 2, 1, 1, built)}, false, result.VerdictPassed},
		"a plan again, without the old":  {reports{part("leg", 1, 1, 2, broken), part("plan", 2, 0, 1, todo, green), part("leg", 2, 1, 1, built)}, false, result.VerdictPassed},
		"a new plan, an old shard":       {reports{part("plan", 1, 0, 1, todo, green), part("leg", 1, 1, 1, built), part("plan", 2, 0, 1, todo, green)}, false, result.VerdictError},
		"a new plan with nothing to do":  {reports{part("plan", 1, 0, 1, todo, green), part("leg", 1, 1, 1, broken), part("plan", 2, 0, 0, cached, green)}, false, result.VerdictPassed},
		"an old shard that failed early": {reports{part("plan", 2, 0, 1, todo, green), part("leg", 1, 3, 3), part("leg", 2, 1, 1, built)}, false, result.VerdictPassed},
		"a shard that failed early":      {reports{part("plan", 1, 0, 2, todo, green), part("leg", 1, 1, 2, built), part("leg", 1, 2, 2)}, false, result.VerdictError},
		// What is dropped does not stand for the rest.
		"a part of it": {reports{part("leg", 1, 1, 1, built), part("plan", 2, 0, 1, todo, red)}, true, result.VerdictFailed},
		// Two jobs plan the same cells, for instance with two versions of Nix.
		"another job":           {reports{part("old", 1, 0, 1, todo, red), part("leg-old", 1, 1, 1, built), part("new", 2, 0, 1, todo, green), part("leg-new", 2, 1, 1, built)}, false, result.VerdictFailed},
		"another job's failure": {reports{part("old", 1, 0, 1, todo, green), part("leg-old", 1, 1, 1, broken), part("new", 2, 0, 1, todo, green), part("leg-new", 2, 1, 1, built)}, false, result.VerdictFailed},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range []func([]merge.Source){func([]merge.Source) {}, slices.Reverse[[]merge.Source]} {
				order(tt.reports)
				r, err := merge.Merge(tt.reports, merge.Options{Partial: tt.partial})
				if err != nil || r.Verdict != tt.want {
					t.Errorf("%s, %v, want %s: %+v", r.Verdict, err, tt.want, r.Causes)
				}
			}
		})
	}
}

// Another plan of the run has other cells: a later attempt at one does not replace the other.
func TestPlansOfOtherCells(t *testing.T) {
	on := func(selection string, s merge.Source) merge.Source {
		s.Report.Machines[0].Selection = selection
		return s
	}
	r := merged(t, on("0b", part("plan", 2, 0, 0, cell{"b", result.Passed, result.Cached})), on("0a", part("plan", 1, 0, 0, cell{"a", result.Failed, ""})))
	if r.Verdict != result.VerdictFailed {
		t.Errorf("%s: %+v", r.Verdict, r.Cells)
	}
}
