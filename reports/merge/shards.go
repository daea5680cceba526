package merge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// division is a way in which cells were divided into shards.
type division struct {
	selection string // empty if no shard could inspect the flake
	count     int
}

// checkShards refuses reports whose shards do not fit together.
func (m *merger) checkShards() error {
	first := map[string]*machine{} // by selection
	for _, on := range m.machines {
		if on.Shard == nil {
			continue
		}
		if on.Shard.Count > maxMachines || on.Shard.Index < 1 && !on.isPlan() || on.Shard.Index > on.Shard.Count {
			return &RefusedError{Text: fmt.Sprintf("%s: there is no such shard", on.Name)}
		}
		if on.Selection == "" {
			continue
		}
		other := first[on.Selection]
		if other == nil {
			first[on.Selection] = on
			continue
		}
		if other.Shard.Count != on.Shard.Count {
			return &RefusedError{
				Text: fmt.Sprintf("%s and %s divide the same cells differently", other.Name, on.Name),
				Hint: "give the reports of all shards I/N with the same N",
			}
		}
	}
	return nil
}

// missingShards lists the shards without a report, such as 3/4, and a plan without one.
func (m *merger) missingShards() []string {
	there, planned := map[division]map[int]bool{}, map[division]bool{}
	add := func(d division, index int) {
		if there[d] == nil {
			there[d] = map[int]bool{}
		}
		there[d][index] = true
	}
	var early []*machine // that could not inspect the flake, and were not repeated
	for _, on := range m.machines {
		switch {
		case on.Shard == nil, on.Selection == "" && on.repeated:
		case on.Selection == "":
			early = append(early, on)
		default:
			d := division{on.Selection, on.Shard.Count}
			add(d, on.Shard.Index)
			planned[d] = planned[d] || on.Shard.Planned
		}
	}
	inspected := slices.Collect(maps.Keys(there))
	for _, on := range early {
		known := false
		for _, d := range inspected {
			if d.count == on.Shard.Count {
				add(d, on.Shard.Index)
				known = true
			}
		}
		if !known {
			add(division{"", on.Shard.Count}, on.Shard.Index)
		}
	}
	var missing []string
	byCount := slices.SortedFunc(maps.Keys(there), func(a, b division) int {
		return cmp.Or(cmp.Compare(a.count, b.count), strings.Compare(a.selection, b.selection))
	})
	for _, d := range byCount {
		if planned[d] && !there[d][0] && !slices.Contains(missing, planName) {
			missing = append(missing, planName)
		}
		if len(there[d]) > 1 && m.isComplete(d.selection) {
			continue // the other shards have no cells, so nobody can run them
		}
		for i := 1; i <= d.count; i++ {
			if name := (result.Shard{Index: i, Count: d.count}).String(); !there[d][i] && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// isComplete reports whether all cells of a selection have results. Homes that were found inside of
// hosts may not be part of the selection.
func (m *merger) isComplete(selection string) bool {
	if selection == "" {
		return false
	}
	cells := slices.SortedFunc(maps.Values(m.tested[selection]), matrix.Compare)
	if matrix.Key(cells) == selection {
		return true
	}
	return matrix.Key(slices.DeleteFunc(cells, func(c result.Cell) bool { return c.PartOf != "" })) == selection
}

// missingKey is the key of the cause that says which shards are missing.
var missingKey = result.NewCauseKey(result.CauseInfra, "missing shard")

// takeOutMissing takes out of a merged report what it says about missing shards: they may be among
// the reports now.
func (m *merger) takeOutMissing(p *part) {
	ids := map[string]bool{}
	p.report.Causes = slices.DeleteFunc(slices.Clone(p.report.Causes), func(c result.Cause) bool {
		if c.Key == missingKey {
			ids[c.ID] = true
		}
		return c.Key == missingKey
	})
	if len(ids) == 0 {
		return
	}
	m.incomplete = true
	p.report.Cells = slices.DeleteFunc(slices.Clone(p.report.Cells), func(c result.CellResult) bool {
		lacking := c.Machine == "" && len(c.Causes) == 1 && ids[c.Causes[0]]
		if lacking {
			m.lacking = append(m.lacking, c.Cell)
		}
		return lacking
	})
}

// Limits on what the cause names.
const namedShards = 10

// describeMissing says what has no report, and what to do.
func describeMissing(shards []string) (title, hint string) {
	named := slices.DeleteFunc(slices.Clone(shards), func(s string) bool { return s == planName })
	var what []string
	if len(named) < len(shards) {
		what = append(what, "the plan")
	}
	switch len(named) {
	case 0:
	case 1:
		what = append(what, "shard "+named[0])
	default:
		what = append(what, "shards "+view.JoinFirst(named, namedShards))
	}
	switch {
	case len(what) == 0:
		return "some cells have no result, although their shard has a report", "run the shard again"
	case len(shards) == 1 && len(named) == 0:
		return what[0] + " is missing", "add the report.json of the plan"
	case len(shards) == 1:
		return what[0] + " is missing", "add its report, or run the shard again"
	}
	return strings.Join(what, " and ") + " are missing", "add their reports, or run the shards again"
}

// addMissing adds the cells of missing shards, as far as other reports name them, and the cause.
func (m *merger) addMissing(shards []string) {
	if m.options.Partial {
		return
	}
	tested := map[string]bool{}
	for _, c := range m.cells {
		tested[c.ID] = true
	}
	c := result.Cause{Kind: result.CauseInfra, Key: missingKey}
	c.Title, c.Hint = describeMissing(shards)
	j := m.join(c)
	for _, cell := range m.lacking {
		if !tested[cell.ID] {
			tested[cell.ID] = true
			m.cells = append(m.cells, picked{CellResult: result.CellResult{Cell: cell, Status: result.Error, Phases: []result.Phase{}}, causes: []*joined{j}})
			shards = nil
		}
	}
	if len(shards) > 0 { // nobody knows their cells
		m.extra = append(m.extra, j.Cause)
	}
}
