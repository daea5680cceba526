// Package reports collects the results of a run into a report.
package reports

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// About is what a report says about a run besides its cells. Causes are those without cells, such
// as an output that could not be listed. A journal keeps it as JSON.
type About struct {
	Tool, Nix result.Tool
	Machine   result.Machine
	Flake     result.Flake
	Base      *result.Base
	Causes    []*result.Cause
	Warnings  []result.Warning
	NotTested []result.NotTested
	Pushes    []result.Push
}

// Run is what a report is collected from. Matrix holds the selected cells; Collect adds homes
// found inside hosts from the outcome. Notes are sentences about the run as a whole.
type Run struct {
	About
	Started  time.Time
	Duration time.Duration
	Matrix   matrix.Matrix
	Outcome  outcome.Run
	Notes    []string
}

// Collect makes the report of a run.
func Collect(r Run) result.Report {
	rep := result.Report{
		Schema: result.Schema, Tool: r.Tool, Nix: r.Nix, Flake: r.Flake,
		Started: r.Started.UTC().Truncate(time.Millisecond), Duration: result.Seconds(r.Duration),
		Cells: []result.CellResult{}, Causes: []result.Cause{}, Base: r.Base, Notes: r.Notes,
		NotTested: r.NotTested, Pushes: result.ShortenPushes(r.Pushes),
	}
	var cells []result.Cell
	infos := map[string]result.HostInfo{}
	if m := r.Machine; m.Name != "" {
		m.Started, m.Duration = rep.Started, rep.Duration
		rep.Machines = []result.Machine{m}
	}
	for _, res := range r.Outcome.Results {
		cells = append(cells, res.Cell)
		rep.Cells = append(rep.Cells, collectCell(res))
		if !res.Info.IsZero() {
			infos[res.Cell.Host] = res.Info
		}
	}
	result.MarkSame(rep.Cells)
	m := r.Matrix.With(cells...).WithInfos(infos)
	hosts := map[string]string{} // by cell, now that the names of the hosts are known
	for _, c := range m.Cells {
		hosts[c.ID] = c.Host
	}
	for i, c := range rep.Cells {
		rep.Cells[i].Host = hosts[c.ID]
	}
	rep.Grid = m.Layout()
	for _, c := range r.Outcome.Causes {
		rep.Causes = append(rep.Causes, collectCause(c, r.Outcome.Results))
	}
	for i, c := range r.Causes {
		cause := collectCause(c, nil)
		cause.ID = "f" + strconv.Itoa(i+1)
		rep.Causes = append(rep.Causes, cause)
	}
	rep.Warnings = slices.Concat(r.Warnings, r.Outcome.Warnings, flakeWarnings(r.Outcome.Results))
	rep.Verdict = result.VerdictOf(rep.Cells, rep.Causes, r.Outcome.Interrupted)
	return rep
}

func collectCell(res outcome.Result) result.CellResult {
	c := result.CellResult{
		Cell: res.Cell, Status: res.Status, How: res.How, Flaky: res.Flaky, Note: res.Note,
		DrvPath: res.DrvPath, OutPaths: res.OutPaths, Base: res.Base, Phases: []result.Phase{},
		Info: res.Info,
	}
	for _, p := range res.Phases {
		phase := p.Phase
		phase.Started, phase.Attempts, phase.Causes = p.Started.UTC().Truncate(time.Millisecond), max(p.Attempts, 1), causeIDs(p.Causes)
		c.Phases = append(c.Phases, phase)
	}
	c.Causes = causeIDs(res.Causes)
	if !res.From.IsZero() {
		c.From = res.From.UTC().Truncate(time.Millisecond)
		c.Note = strings.TrimPrefix(c.Note+"; "+outcome.NoteFrom+view.FormatTime(res.From), "; ")
	}
	return c
}

// flakeWarnings returns the warnings of the flake: each text once, with all cells that it
// concerns.
func flakeWarnings(results []outcome.Result) []result.Warning {
	var list []result.Warning
	for _, res := range results {
		for _, w := range res.Warnings {
			i := slices.IndexFunc(list, func(o result.Warning) bool { return o.Text == w.Text })
			if i < 0 {
				i = len(list)
				list = append(list, result.Warning{Text: w.Text, Location: w.Location})
			}
			list[i].Cells = append(list[i].Cells, res.Cell.ID)
		}
	}
	return list
}

func causeIDs(causes []*result.Cause) []string {
	var ids []string
	for _, c := range causes {
		ids = append(ids, c.ID)
	}
	return ids
}

func collectCause(c *result.Cause, results []outcome.Result) result.Cause {
	cause := *c
	cause.Key, cause.Cells = c.StableKey(), []string{}
	for _, res := range results {
		if slices.Contains(res.Causes, c) {
			cause.Cells = append(cause.Cells, res.Cell.ID)
		}
	}
	return cause
}

// Plan makes the report of a run that has not taken place: the grid and its cells without a
// status, as `flakeci matrix` shows them.
func Plan(f result.Flake, m matrix.Matrix) result.Report {
	rep := result.Report{
		Schema: result.Schema, Flake: f, Cells: []result.CellResult{}, Causes: []result.Cause{},
		Grid: m.Layout(),
	}
	for _, c := range m.Cells {
		rep.Cells = append(rep.Cells, collectCell(outcome.Result{Cell: c}))
	}
	return rep
}
