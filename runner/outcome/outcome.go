// Package outcome holds the results of a run. Those who follow a run import it and not the
// runner.
package outcome

import (
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
)

// Phase is one step of a cell.
type Phase struct {
	result.Phase
	// Causes replaces the ids, which are not known before the run ends. It is set if several
	// phases of the cell may fail; otherwise the causes of the cell apply.
	Causes []*result.Cause
}

// Result is the result of a cell. During the run its causes have no ids.
type Result struct {
	Cell   result.Cell
	Status result.Status
	How    result.How
	// Note is further information about the result, such as why the cell was skipped.
	Note     string
	DrvPath  string
	OutPaths map[string]string
	Phases   []Phase
	Causes   []*result.Cause
	// Warnings are the flake's warnings for this cell. They name no cells.
	Warnings []result.Warning
	// Flaky means that it passed, or got as far as it did, only after a retry.
	Flaky bool
	// Base compares the cell with the base, if the run has one.
	Base *result.CellBase
	// Home says which user a home is for.
	Home question.HomeInfo
	// Info is what the configuration of a host says about its names and accounts.
	Info result.HostInfo
	// From is when the earlier run that the result comes from ended; zero for a result of this
	// run.
	From time.Time
	// Reported is set for a result that was taken over from a report. It may be of another machine,
	// and name any path of this one's store.
	Reported bool
}

// NoteFrom begins the note of a report about a result that was taken over, before the time of
// [Result.From].
const NoteFrom = "from the run that ended "

// TotalSeconds returns the time spent on the cell itself, over all phases.
func (r Result) TotalSeconds() float64 {
	total := 0.0
	for _, p := range r.Phases {
		total += p.Duration
	}
	return total
}

// Add adds a phase. It replaces the slices of the result, which may have been sent already. If a
// phase blames the flake, that decides the status; otherwise the first phase that did not pass
// does.
func (r *Result) Add(p Phase) {
	r.Phases = append(slices.Clip(r.Phases), p)
	for _, c := range p.Causes {
		if !slices.Contains(r.Causes, c) {
			r.Causes = append(slices.Clip(r.Causes), c)
		}
	}
	flake := p.Status == result.Failed || p.Status == result.TimedOut
	if r.Status == result.Passed && p.Status != result.Skipped || r.Status == result.Error && flake {
		r.Status = p.Status
	}
}

// AgainstBase returns how the cell ended compared with the base. A cell that was broken by
// something else is newly broken. What the machine could not do says nothing about the flake.
func (r Result) AgainstBase() result.Outcome {
	now, before := r.Status, r.Base.Status
	switch {
	case now.BlamesFlake() && r.Base.Change == result.CellAdded:
		return result.NewFailure
	case before == "" || !now.BlamesFlake() && now != result.Passed || !before.BlamesFlake() && before != result.Passed:
		return ""
	case now.BlamesFlake() && before.BlamesFlake() && !r.hasNewCause():
		return result.AlreadyBroken
	case now.BlamesFlake():
		return result.NewFailure
	case before.BlamesFlake():
		return result.Fixed
	}
	return result.Same
}

// hasNewCause reports whether the cell fails for a cause that it did not have at the base, as
// far as the causes at the base are known.
func (r Result) hasNewCause() bool {
	return len(r.Base.Causes) > 0 && slices.ContainsFunc(r.Causes, func(c *result.Cause) bool {
		return c.Kind.Status().BlamesFlake() && !slices.Contains(r.Base.Causes, c.StableKey())
	})
}
