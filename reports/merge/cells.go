package merge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// candidate is what one report says about a cell. There are several results only if credentials
// in their ids are masked.
type candidate struct {
	from    *part
	on      *machine
	results []result.CellResult
}

// pick chooses the results that count, one report for each cell.
func (m *merger) pick() {
	var ids []string
	all := map[string][]candidate{}
	for _, p := range m.parts {
		for _, c := range p.report.Cells {
			of := all[c.ID]
			if len(of) == 0 {
				ids = append(ids, c.ID)
			}
			if n := len(of); n > 0 && of[n-1].from == p {
				of[n-1].results = append(of[n-1].results, c)
			} else {
				of = append(of, candidate{p, p.on(c), []result.CellResult{c}})
			}
			all[c.ID] = of
		}
	}
	for _, id := range ids {
		best := m.choose(id, all[id])
		for _, c := range best.results {
			c.Machine = ""
			if best.on != nil {
				c.Machine = best.on.Name
			}
			m.cells = append(m.cells, picked{CellResult: c, from: best.from})
		}
	}
	m.sayConflicts()
}

// choose chooses between results of one cell: a later attempt replaces an earlier one. Among the
// rest the worst counts, and then the one that did most.
func (m *merger) choose(id string, all []candidate) candidate {
	if len(all) == 1 {
		return all[0]
	}
	latest := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool {
		return slices.ContainsFunc(all, func(other candidate) bool { return other.on.outdoes(c.on) })
	})
	slices.SortStableFunc(latest, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.severity(), a.severity()), cmp.Compare(b.work(), a.work()))
	})
	best := latest[0]
	best.results = slices.Clone(best.results)
	for _, other := range all {
		if other.from == best.from || other.status() == best.status() {
			continue
		}
		later := best.on.outdoes(other.on)
		m.said = append(m.said, conflict{best.status(), other.status(), best.on, other.on, later, nil}.of(id))
		if later && other.status().NeedsAttention() {
			for i, c := range best.results {
				if c.Status == result.Passed && !c.Flaky {
					best.results[i].Flaky, best.results[i].Note = true, fmt.Sprintf("%s in attempt %d", other.status(), other.on.Attempt)
				}
			}
		}
	}
	return best
}

// status returns the worst status.
func (c candidate) status() result.Status {
	worst := c.results[0].Status
	for _, r := range c.results {
		if r.Status.Severity() > worst.Severity() {
			worst = r.Status
		}
	}
	return worst
}

func (c candidate) severity() int { return c.status().Severity() }

// work ranks how a cell passed by how much was done: a machine that cannot build for a system
// only evaluates.
func (c candidate) work() int {
	return slices.Index([]result.How{result.Evaluated, result.Unchanged, result.Cached, result.Built}, c.results[0].How)
}

// conflict is two results of the same cells that differ.
type conflict struct {
	counts, other result.Status
	on, against   *machine
	later         bool // the one that counts is a later attempt
	cells         []string
}

func (c conflict) of(id string) conflict {
	c.cells = append(c.cells, id)
	return c
}

// maxConflicts is how many notes there are on results that differ.
const maxConflicts = 20

// sayConflicts notes which results count.
func (m *merger) sayConflicts() {
	var groups []conflict
	for _, c := range m.said {
		i := slices.IndexFunc(groups, func(g conflict) bool {
			return g.counts == c.counts && g.other == c.other && g.on == c.on && g.against == c.against && g.later == c.later
		})
		if i < 0 && len(groups) > maxConflicts {
			continue
		}
		if i < 0 {
			groups = append(groups, c)
		} else {
			groups[i].cells = append(groups[i].cells, c.cells...)
		}
	}
	for i, c := range groups {
		if i == maxConflicts {
			m.note("results of more cells differ between the reports")
			break
		}
		why := ""
		if c.later {
			why = "; the later attempt"
		}
		verb := "counts"
		if len(c.cells) > 1 {
			verb = "count"
		}
		m.note("%s %s as %s (%s%s), not as %s (%s)", view.JoinFirst(c.cells, view.InlineCells), verb, c.counts, c.on.label(), why, c.other, c.against.label())
	}
}

func (a *machine) label() string {
	if a == nil {
		return "an unknown machine"
	}
	return a.Name
}

// addCells adds the results that count to the report.
func (m *merger) addCells() {
	there := map[string]bool{}
	for _, c := range m.cells {
		there[c.ID] = true
	}
	for _, c := range m.cells {
		if c.DrvPath != "" || !there[c.SameAs] {
			c.SameAs = "" // another shard may have an earlier cell
		}
		m.out.Cells = append(m.out.Cells, c.CellResult)
	}
	result.MarkSame(m.out.Cells)
}
