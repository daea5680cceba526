// Package merge unites the reports of runs that tested parts of one revision on several machines.
package merge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// Source is a saved report with the name of its file.
type Source struct {
	File   string
	Report result.Report
}

// Options say how to merge. Partial accepts that shards are missing.
type Options struct {
	Partial bool
}

// RefusedError says why reports cannot be merged.
type RefusedError struct {
	Text, Hint string
}

func (e *RefusedError) Error() string { return e.Text }

// Merge unites reports. Their order does not matter. A single report that is not one of several
// shards stays as it is. The error is a [*RefusedError].
func Merge(sources []Source, o Options) (result.Report, error) {
	m := merger{options: o, joined: map[string]*joined{}, tested: map[string]map[string]result.Cell{}, noted: map[string]bool{}}
	if err := m.add(sources); err != nil {
		return result.Report{}, err
	}
	missing := m.missingShards()
	if len(m.parts) == 1 && !m.incomplete && (len(missing) == 0 || o.Partial) {
		return m.parts[0].original, nil
	}
	m.head()
	m.base()
	m.pick()
	m.addMissing(missing)
	slices.SortStableFunc(m.cells, func(a, b picked) int { return matrix.Compare(a.Cell, b.Cell) })
	m.linkCauses()
	m.addCells()
	m.addFlakeCauses()
	m.warnings()
	m.notTested()
	m.out.Grid = m.grid()
	m.out.Verdict = m.verdict()
	return m.out, nil
}

// merger is a merge in progress.
type merger struct {
	options  Options
	parts    []*part
	machines []*machine

	tested map[string]map[string]result.Cell // by selection and id

	cells  []picked           // the results that count
	joined map[string]*joined // causes of cells by key
	// incomplete means that an earlier merge lacked shards. Lacking are cells of other shards, which
	// may be missing.
	incomplete bool
	lacking    []result.Cell
	said       []conflict
	noted      map[string]bool
	extra      []result.Cause // without cells
	out        result.Report
}

// picked is a result that counts, with the report that it comes from.
type picked struct {
	result.CellResult
	from   *part // nil for a cell of a missing shard
	causes []*joined
}

// head says what was tested, where and when.
func (m *merger) head() {
	first := m.parts[0].report
	m.out = result.Report{Schema: result.Schema, Flake: first.Flake, Cells: []result.CellResult{}, Causes: []result.Cause{}, Warnings: []result.Warning{}, NotTested: []result.NotTested{}}
	var tools, nixes []string
	for _, p := range m.parts {
		if m.out.Flake.Locked == "" && p.report.Flake.Locked != "" { // it could not be fetched at first
			m.out.Flake = p.report.Flake
		}
		tools, nixes = append(tools, p.report.Tool.Version), append(nixes, p.report.Nix.Version)
		for _, note := range p.report.Notes {
			switch {
			case p.repeated:
			case p.only != nil && len(m.parts) > 1 && !strings.HasPrefix(note, p.only.Name+": "):
				m.note("%s: %s", p.only.Name, note) // such as how full its disk was
			default:
				m.note("%s", note)
			}
		}
	}
	m.pushes()
	m.out.Tool.Version, m.out.Nix.Version = united(tools), united(nixes)
	for _, machine := range m.machines {
		m.out.Machines = append(m.out.Machines, machine.Machine)
	}
	m.times()
}

// united lists versions, each once.
func united(versions []string) string {
	slices.Sort(versions)
	versions = slices.DeleteFunc(slices.Compact(versions), func(v string) bool { return v == "" })
	return view.JoinFirst(versions, 3)
}

// times sets the start and the duration: from the first start to the last end.
func (m *merger) times() {
	for _, p := range m.parts {
		if start := p.report.Started; !start.IsZero() && (m.out.Started.IsZero() || start.Before(m.out.Started)) {
			m.out.Started = start
		}
	}
	for _, p := range m.parts {
		wait := 0.0
		if !p.report.Started.IsZero() {
			wait = p.report.Started.Sub(m.out.Started).Seconds()
		}
		m.out.Duration = max(m.out.Duration, wait+max(0, p.report.Duration))
	}
	m.out.Duration = min(m.out.Duration, view.MaxSeconds)
}

// verdict returns the verdict of the cells and causes, and never a better one than that of a
// report whose cells and causes do not explain it.
func (m *merger) verdict() result.Verdict {
	interrupted, unexplained := false, result.VerdictPassed
	for _, p := range m.parts {
		switch {
		case p.repeated:
		case p.report.Verdict == result.VerdictCanceled:
			interrupted = true
		case p.unexplained:
			unexplained = cmp.Or(p.report.Verdict, result.VerdictError)
		}
	}
	verdict := result.VerdictOf(m.out.Cells, m.out.Causes, interrupted)
	if verdict == result.VerdictPassed {
		return unexplained
	}
	return verdict
}

func (m *merger) grid() result.Grid {
	var grids []result.Grid
	for _, p := range m.parts {
		grids = append(grids, p.report.Grid)
	}
	cells := make([]result.Cell, 0, len(m.out.Cells))
	for _, c := range m.out.Cells {
		cells = append(cells, c.Cell)
	}
	return matrix.Unite(grids, cells)
}

// note adds a note, unless it is there.
func (m *merger) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !m.noted[text] {
		m.noted[text] = true
		m.out.Notes = append(m.out.Notes, text)
	}
}
