package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// others are the cells besides hosts and homes, in a run that does not test them. They
// are listed while the run goes on, and at its end it waits for the list no longer than
// othersGrace.
//
// For a small flake that is long enough on a busy machine, too, and most runs take far
// longer.
type others struct {
	listed chan struct{} // closed when it is known
	cells  []matrix.Cell
	err    error
}

const othersGrace = 3 * time.Second

// listOthers begins to list them. End stops it.
func (j *job) listOthers(ctx context.Context) (end func()) {
	if j.wanted().Others || j.vms != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &others{listed: make(chan struct{})}
	j.others = o
	safely.Go(func() {
		defer close(o.listed)
		o.cells, o.err = runner.Others(ctx, j.target)
	})
	return func() {
		cancel()
		<-o.listed
	}
}

// waitFor waits for the list, not for long.
func (o *others) waitFor(ctx context.Context) {
	if o == nil {
		return
	}
	select {
	case <-o.listed:
	case <-ctx.Done():
	case <-time.After(othersGrace):
	}
}

// known says whether the list is there.
func (o *others) known() bool {
	if o == nil {
		return false
	}
	select {
	case <-o.listed:
		return o.err == nil
	default:
		return false
	}
}

// everything is all that the flake offers, as far as it was listed. Whole says whether
// other kinds than hosts and homes are in it.
func (j *job) everything() (m matrix.Matrix, whole bool) {
	if j.wanted().Others {
		return j.offered, true
	}
	if !j.others.known() {
		return j.offered, false
	}
	return j.offered.With(j.others.cells...), true
}

// notTested counts what the flake offers and the run leaves out. What flakeci.toml
// leaves out comes first: a pull request may have put it there.
func (j *job) notTested() []result.NotTested {
	all, whole := j.everything()
	if len(all.Cells) == 0 || j.vms != nil { // flakeci vm tests nothing
		return nil
	}
	var byFile, others []result.NotTested
	for _, l := range all.LeftOut(j.selection) {
		n := result.NotTested{Kind: string(l.Kind), Count: len(l.Cells), Why: "left out by " + j.opts.origin.name(l.Filter)}
		asked := l.Filter != "kind" || len(j.opts.selection.kinds) > 0
		switch {
		case !asked:
			n.Why = "--kind all"
			others = append(others, n)
		case j.opts.origin.inFile(l.Filter):
			byFile = append(byFile, n)
		default:
			others = append(others, n)
		}
	}
	if !whole {
		for _, kind := range otherKinds() {
			others = append(others, result.NotTested{Kind: string(kind), Why: "if there are any; --kind all"})
		}
	}
	return slices.Concat(byFile, others)
}

// homesSeen are the ids of homes that were found inside hosts, whether they take part
// or not.
type homesSeen struct {
	mu  sync.Mutex
	ids []string
}

func (h *homesSeen) add(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, id)
}

// unmatched warns of patterns that match nothing, which may be misspelt.
func (j *job) unmatched() []result.Warning {
	m, whole := j.everything()
	j.homes.mu.Lock()
	seen := slices.Clone(j.homes.ids)
	j.homes.mu.Unlock()
	var unsure []string // prefixes of ids that may or may not exist
	if !whole {
		for _, kind := range otherKinds() {
			unsure = append(unsure, string(kind)+"/")
		}
	}
	for _, c := range m.Cells {
		if isHost := c.Kind == matrix.KindNixOS || c.Kind == matrix.KindDarwin; isHost && !j.lookedInto(c) {
			unsure = append(unsure, c.ID+"/home/")
		}
	}
	return j.opts.unmatched(m, seen, unsure)
}

// lookedInto says whether the homes inside a host are known: they were asked for before
// anything was selected, or came with its evaluation in this run. Those of a host that
// does not evaluate are not known.
func (j *job) lookedInto(host matrix.Cell) bool {
	asked := j.opts.selection.lookInside(j.selection)(host)
	i := slices.IndexFunc(j.outcome.Results, func(r runner.Result) bool { return r.Cell.ID == host.ID })
	if i < 0 {
		return asked
	}
	r := j.outcome.Results[i]
	return r.DrvPath != "" && (asked || r.From.IsZero())
}

// unmatched warns of patterns that match neither a cell of the flake nor one of the ids
// that were seen. Unsure are prefixes of ids that may or may not exist.
func (f *flakeFlags) unmatched(m matrix.Matrix, seen, unsure []string) []result.Warning {
	var ids []string
	for _, c := range m.Cells {
		ids = append(ids, c.ID)
	}
	var list []result.Warning
	for _, flag := range []given{{"cell", &f.selection.cells}, {"exclude", &f.selection.exclude}} {
		for _, pattern := range m.Unmatched(*flag.values) {
			g, _ := matrix.ParseGlob(pattern)
			if slices.ContainsFunc(seen, g.Match) || slices.ContainsFunc(unsure, g.MayMatchPrefix) {
				continue
			}
			text := fmt.Sprintf("--%s %s matches nothing", flag.flag, pattern)
			if f.origin.inFile(flag.flag) {
				line := f.origin.config.Line(flag.flag, slices.Index(*flag.values, pattern))
				text = fmt.Sprintf("%s, line %d: %s %s matches nothing", filepath.Base(f.origin.config.Path), line, flag.flag, pattern)
			}
			if near := matrix.Suggest(pattern, slices.Concat(ids, seen)); near != "" {
				text += "; did you mean " + near + "?"
			}
			list = append(list, result.Warning{Text: text})
		}
	}
	return list
}

// otherKinds are those that are listed only if one of them takes part.
func otherKinds() []matrix.Kind {
	return slices.DeleteFunc(matrix.Kinds(), func(k matrix.Kind) bool { return !isOther(k) })
}

// withoutCells lists the systems that were asked for and that no cell turned out to be
// for, and those that there are cells for. It lists nothing as long as cells may be for
// other systems: those that failed to evaluate, and those of other shards.
func (j *job) withoutCells() (missing, there []string) {
	for _, r := range j.outcome.Results {
		if r.Cell.System == "" {
			return nil, nil
		}
		there = append(there, r.Cell.System)
	}
	if len(there) == 0 || j.opts.shard.String() != "" {
		return nil, nil
	}
	slices.Sort(there)
	there = slices.Compact(there)
	return slices.DeleteFunc(slices.Clone(j.selection.Systems), func(s string) bool { return slices.Contains(there, s) }), there
}

// checkSystems makes systems that no cell is for a mistake: the error of a run that
// tested nothing, else a cause in its report.
func (j *job) checkSystems() error {
	missing, there := j.withoutCells()
	if len(missing) == 0 {
		return nil
	}
	title := "no cell is for " + strings.Join(missing, " or ")
	hint := "all cells are for " + strings.Join(there, ", ")
	if near := matrix.Suggest(missing[0], there); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	if !slices.ContainsFunc(j.outcome.Results, func(r runner.Result) bool { return r.Status != result.Skipped }) {
		return j.opts.origin.mistake("system", "nothing to do: "+title, hint)
	}
	j.causes = append(j.causes, &result.Cause{Kind: result.CauseInfra, Title: title + ", which " + j.opts.origin.name("system") + " asks for", Hint: hint})
	return nil
}

// checkDeadline keeps a run that was cut off from passing, even if all its cells
// passed: the deadline may have ended what comes after them.
func (j *job) checkDeadline(ctx context.Context) {
	over := runner.Overdue(ctx)
	if over == nil || slices.ContainsFunc(j.outcome.Results, func(r runner.Result) bool { return r.Status == result.TimedOut }) {
		return
	}
	c := over.Cause()
	c.Kind = result.CauseInfra // no cell took too long
	if j.base.base != nil {
		c.Title += ", and not all was compared with the base"
	}
	j.causes = append(j.causes, c)
}
