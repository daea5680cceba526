package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// homesSeen collects the ids of the homes found inside hosts, selected or not.
type homesSeen struct {
	mu  sync.Mutex
	ids []string
}

func (h *homesSeen) add(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, id)
}

// unmatched warns about patterns that match nothing, which may be misspelled.
func (j *job) unmatched() []result.Warning {
	m, complete := j.allCells()
	j.homes.mu.Lock()
	seen := slices.Clone(j.homes.ids)
	j.homes.mu.Unlock()
	var unsure []string
	if !complete {
		unsure = append(unsure, selection.OtherPrefixes()...)
	}
	for _, c := range m.Cells {
		if c.Kind.IsHost() && !j.lookedInto(c) {
			unsure = append(unsure, c.ID+"/home/")
		}
	}
	return j.opts.unmatched(m, seen, unsure)
}

// lookedInto reports whether the homes inside a host are known: they were listed before cells were
// selected, or came with the evaluation of the host in this run. If a host does not evaluate, its
// homes are not known.
func (j *job) lookedInto(host result.Cell) bool {
	asked := j.opts.selection.LookInside(j.selection)(host)
	i := slices.IndexFunc(j.outcome.Results, func(r outcome.Result) bool { return r.Cell.ID == host.ID })
	if i < 0 {
		return asked
	}
	r := j.outcome.Results[i]
	return r.DrvPath != "" && (asked || r.From.IsZero())
}

// unmatched warns about the patterns that [selection.Flags.Unmatched] returns.
func (f *flakeFlags) unmatched(m matrix.Matrix, seen, unsure []string) []result.Warning {
	var list []result.Warning
	for _, p := range f.selection.Unmatched(m, seen, unsure) {
		text := fmt.Sprintf("--%s %s matches nothing", p.Flag, p.Text)
		if f.origin.InFile(p.Flag) {
			text = fmt.Sprintf("%s: line %d: %s %s matches nothing", f.origin.Origin(p.Flag), f.origin.config.Line(p.Flag, p.Index), p.Flag, p.Text)
		}
		if p.Near != "" {
			text += "; did you mean " + p.Near + "?"
		}
		list = append(list, result.Warning{Text: text})
	}
	return list
}

// unmatchedSystems lists the selected systems without cells, and the systems with cells. It
// lists nothing if other cells may have other systems: cells that did not evaluate, and
// those of other shards.
func (j *job) unmatchedSystems() (missing, known []string) {
	for _, r := range j.outcome.Results {
		if r.Cell.System == "" {
			return nil, nil
		}
		known = append(known, r.Cell.System)
	}
	if len(known) == 0 || j.opts.selection.Shard.String() != "" {
		return nil, nil
	}
	slices.Sort(known)
	known = slices.Compact(known)
	return slices.DeleteFunc(slices.Clone(j.selection.Systems), func(s string) bool { return slices.Contains(known, s) }), known
}

// checkSystems reports selected systems without cells: as the error of a run that tested
// nothing, otherwise as a cause in its report.
func (j *job) checkSystems() error {
	missing, known := j.unmatchedSystems()
	if len(missing) == 0 {
		return nil
	}
	title := "no cells for " + strings.Join(missing, " or ")
	hint := "all cells are for " + strings.Join(known, ", ")
	if near := matrix.Suggest(missing[0], known); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	if !slices.ContainsFunc(j.outcome.Results, func(r outcome.Result) bool { return r.Status != result.Skipped }) {
		return j.opts.origin.usageError("system", "nothing to do: "+title, hint)
	}
	j.causes = append(j.causes, &result.Cause{Kind: result.CauseInfra, Title: title + ", selected by " + j.opts.origin.Name("system"), Hint: hint})
	return nil
}
