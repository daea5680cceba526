package resume

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Report is the report of an earlier run, on this machine or another. Whoever wrote it decides
// which cells count as passed, and nothing else: cells, paths and texts in it are checked.
type Report struct {
	file   string
	report result.Report
}

// ReadReport reads a report that was saved as JSON, also a merged one.
func ReadReport(path string) (*Report, error) {
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := result.ReadJSON(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Report{path, r}, nil
}

// Run describes the run that reuses results.
type Run struct {
	Cells    []result.Cell // that are selected
	Systems  []string      // that are selected; empty means all
	Basis    result.Basis
	EvalOnly bool
}

// Reused is what a run reuses of a report.
type Reused struct {
	Earlier *runner.EarlierRun
	// Summary says how many cells that are. Left says which cells passed in the report and are not
	// reused, and why; empty if there are none.
	Summary, Left string
}

// Reuse returns the results that a run can take over.
func (r *Report) Reuse(now Run) Reused {
	p := reuse{Run: now, report: r.report, left: map[string][]string{}, earlier: &runner.EarlierRun{Passed: map[string]outcome.Result{}, Same: map[string]bool{}}}
	passed := map[string]bool{}
	for _, c := range r.report.Cells {
		before, twice := passed[c.ID]
		passed[c.ID] = c.Status == result.Passed && (before || !twice)
	}
	for _, c := range r.report.Cells {
		cell, ok := p.find(c.Cell)
		if c.Removed() {
			continue // only the base had it
		}
		if ok && cell.PartOf != "" { // one that did not pass makes its host run again
			p.earlier.Homes = append(p.earlier.Homes, cell)
		}
		if ok && passed[c.ID] {
			p.add(cell, c)
		}
	}
	return Reused{p.earlier, p.summary(r.file), p.leftOut(r.file)}
}

// reuse is a report that is being read for a run.
type reuse struct {
	Run
	report  result.Report
	earlier *runner.EarlierRun
	left    map[string][]string // cells that passed, by why they are not reused
}

// add takes over the result of a cell, if that is safe.
func (p *reuse) add(cell result.Cell, saved result.CellResult) {
	basis := p.basis(saved)
	if why := p.refuse(saved, basis); why != "" {
		p.left[why] = append(p.left[why], cell.ID)
		return
	}
	same := p.Basis.Evaluation != "" && basis.Evaluation == p.Basis.Evaluation
	if cell.Kind.IsHost() && basis.Selection != p.Basis.Selection {
		same = false // the run may have left out homes inside it
	}
	if cell.System == "" && isSystem(saved.System) {
		cell.System = saved.System
	}
	if len(p.Systems) > 0 && !slices.Contains(p.Systems, cell.System) {
		same = false // evaluation decides
	}
	p.earlier.Same[cell.ID] = same
	p.earlier.Passed[cell.ID] = p.result(cell, saved)
}

// find returns the run's own cell with the id of one in the report. A home inside a host is known
// only by its host.
func (p *reuse) find(saved result.Cell) (result.Cell, bool) {
	if i := slices.IndexFunc(p.Cells, func(c result.Cell) bool { return c.ID == saved.ID }); i >= 0 {
		return p.Cells[i].WithUser(clean.Clean(saved.User)), true
	}
	i := slices.IndexFunc(p.Cells, func(c result.Cell) bool { return c.Kind.IsHost() && c.ID == saved.PartOf })
	if i < 0 {
		return result.Cell{}, false
	}
	user, ok := matrix.EmbeddedUser(saved.PartOf, saved.ID)
	if !ok || !clean.Plain(user) {
		return result.Cell{}, false
	}
	home := matrix.EmbeddedCell(p.Cells[i], user, "")
	return home, home.ID == saved.ID
}

// basis returns what a result depends on, as far as the report says.
func (p *reuse) basis(c result.CellResult) result.Basis {
	for _, m := range p.report.Machines {
		if m.Name == c.Machine || c.Machine == "" && len(p.report.Machines) == 1 {
			return m.Basis
		}
	}
	return result.Basis{}
}

// refuse says why a cell that passed is not reused, whatever its derivation is.
func (p *reuse) refuse(c result.CellResult, basis result.Basis) string {
	switch {
	case c.How == result.Evaluated && !p.EvalOnly:
		return "only evaluated there"
	case c.How == result.Unchanged:
		return "left out there as unchanged"
	case c.How != result.Built && c.How != result.Cached && c.How != result.Evaluated:
		return "passed in a way that this flakeci does not know"
	case c.DrvPath == "" || strings.Contains(c.ID, redact.Mask) || storepath.CheckSaved(c.DrvPath, c.OutPaths) != nil:
		return "invalid store paths"
	case slices.ContainsFunc(c.Phases, func(ph result.Phase) bool { return !ph.Status.OK() }):
		return "not all phases passed"
	case basis.Options == "":
		return "the report does not say with which settings"
	case basis.Options != p.Basis.Options:
		return "--option differs"
	case c.Kind == result.KindVM && !c.PassedAt(result.PhaseBoot):
		return "not booted there"
	case c.Kind == result.KindVM && basis.VM != p.Basis.VM:
		return "--accel or [vm] in flakeci.toml differs"
	}
	return ""
}

var systemRE = regexp.MustCompile(`^[a-z0-9_]+-[a-z0-9]+$`)

func isSystem(text string) bool { return systemRE.MatchString(text) }

// result returns the result of a cell without what belongs to the other machine, such as logs.
func (p *reuse) result(cell result.Cell, saved result.CellResult) outcome.Result {
	note, _, _ := strings.Cut(saved.Note, outcome.NoteFrom)
	res := outcome.Result{
		Cell: cell, Status: result.Passed, How: saved.How, Note: clean.Clean(strings.TrimSuffix(note, "; ")),
		DrvPath: saved.DrvPath, OutPaths: saved.OutPaths, Flaky: saved.Flaky, From: saved.From, Reported: true, Info: info(saved.Info),
	}
	for _, ph := range saved.Phases {
		ph.Name = result.ParsePhaseName(clean.Clean(ph.Name.String()))
		ph.Message, ph.Log, ph.Files, ph.Causes = clean.Clean(ph.Message), "", nil, nil
		ph.BuiltOn = slices.Clone(ph.BuiltOn)
		for i, name := range ph.BuiltOn {
			ph.BuiltOn[i] = clean.Clean(name)
		}
		ph.Duration, ph.Waiting, ph.MaxRSS = max(0, ph.Duration), max(0, ph.Waiting), max(0, ph.MaxRSS)
		res.Phases = append(res.Phases, outcome.Phase{Phase: ph})
	}
	for _, w := range p.report.Warnings {
		if slices.Contains(w.Cells, cell.ID) {
			res.Warnings = append(res.Warnings, result.Warning{Text: clean.Text(w.Text)})
		}
	}
	if res.From.IsZero() {
		res.From = p.ended(saved)
	}
	return res
}

// info cleans the names of a host.
func info(i result.HostInfo) result.HostInfo {
	i.HostName, i.FQDN, i.Accounts = clean.Clean(i.HostName), clean.Clean(i.FQDN), slices.Clone(i.Accounts)
	for k, name := range i.Accounts {
		i.Accounts[k] = clean.Clean(name)
	}
	return i
}

// ended returns when the run ended that a result is from.
func (p *reuse) ended(c result.CellResult) time.Time {
	started, seconds := p.report.Started, p.report.Duration
	for _, m := range p.report.Machines {
		if m.Name == c.Machine && !m.Started.IsZero() {
			started, seconds = m.Started, m.Duration
		}
	}
	if started.IsZero() {
		started = time.Unix(0, 0) // a result that is taken over has a time
	}
	const most = 366 * 24 * 3600 // nobody has run for longer
	return started.Add(time.Duration(min(max(0, seconds), most) * float64(time.Second)))
}

// summary says what the run does with the report.
func (p *reuse) summary(file string) string {
	same := 0
	for _, yes := range p.earlier.Same {
		if yes {
			same++
		}
	}
	rest := len(p.earlier.Passed) - same
	missing := slices.ContainsFunc(slices.Concat(p.Cells, p.earlier.Homes), func(c result.Cell) bool { return !p.earlier.Same[c.ID] })
	switch {
	case same+rest == 0:
		return "nothing in " + file + " can be reused; running everything"
	case !missing:
		return fmt.Sprintf("resuming from %s (%s; nothing is left to run)", file, reused(same))
	case rest == 0:
		return fmt.Sprintf("resuming from %s (%s)", file, reused(same))
	case same == 0:
		return fmt.Sprintf("resuming from %s (the flake, the selection, flakeci or Nix may differ: re-evaluating, reusing unchanged results)", file)
	}
	return fmt.Sprintf("resuming from %s (%s; re-evaluating %d, reusing unchanged results)", file, reused(same), rest)
}

// leftOut says which cells that passed are not reused.
func (p *reuse) leftOut(file string) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(p.left)) {
		parts = append(parts, fmt.Sprintf("%s (%s)", why, names(p.left[why])))
	}
	if len(parts) == 0 {
		return ""
	}
	return "not reusing from " + file + ": " + strings.Join(parts, "; ")
}
