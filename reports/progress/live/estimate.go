package live

import (
	"slices"
	"time"

	"github.com/flakeci/flakeci/reports/progress"
	"github.com/flakeci/flakeci/result"
)

// Estimate returns how long a phase of a cell took in past runs, if that is known.
type Estimate func(cell, phase string) (time.Duration, bool)

// plan holds what the remaining time depends on, apart from the cells.
type plan struct {
	estimate Estimate // nil if past runs are unknown
	// at is how many phases of a kind run at once.
	at map[result.PhaseKind]int
}

func newPlan(o Options) plan {
	p := plan{estimate: o.Estimate, at: map[result.PhaseKind]int{result.PhaseEval: max(o.EvalJobs, 1)}}
	if !o.EvalOnly {
		p.at[result.PhaseBuild] = max(o.BuildJobs, 1)
		p.at[result.PhaseBoot] = 1
	}
	return p
}

// of returns the estimate of one phase.
func (p plan) of(cell, phase string) (time.Duration, bool) {
	if p.estimate == nil {
		return 0, false
	}
	return p.estimate(cell, phase)
}

// left estimates how long the run will still take: as long as the cell with the most left to
// do, and at least as long as the work of all cells, divided among those that run at once. It
// is unknown if most of the cells are new.
func (p plan) left(b *board) (time.Duration, bool) {
	var known, unknown int
	var longest time.Duration
	work := map[result.PhaseKind]time.Duration{}
	for _, c := range b.Cells {
		if c.Finished() {
			continue
		}
		var sum time.Duration
		some := false
		for phase, left := range p.phases(c, b.now()) {
			some = true
			sum += left
			work[phase] += left
		}
		if !some {
			unknown++
			continue
		}
		known++
		longest = max(longest, sum)
	}
	if known == 0 || unknown > known {
		return 0, false
	}
	// New cells are assumed to take as long as the others.
	for phase, sum := range work {
		sum += sum * time.Duration(unknown) / time.Duration(known)
		longest = max(longest, sum/time.Duration(p.at[phase]))
	}
	return longest, true
}

// phases returns the phases that a cell has not finished, with the time left of each.
func (p plan) phases(c *progress.Cell, now time.Time) map[result.PhaseKind]time.Duration {
	left := map[result.PhaseKind]time.Duration{}
	order := []result.PhaseKind{result.PhaseEval, result.PhaseBuild, result.PhaseBoot}
	done := 0
	for i, phase := range order {
		if slices.Contains(c.Begun, phase) {
			done = i + 1
		}
	}
	// A build may wait in the middle. A cell that waits after its evaluation has finished it.
	var under result.PhaseKind
	switch {
	case c.Now != nil:
		under = c.Now.Phase.Kind
	case done > 0 && order[done-1] == result.PhaseBuild:
		under = result.PhaseBuild
	}
	if done > 0 && under == order[done-1] {
		done--
	}
	for i, phase := range order {
		estimate, found := p.of(c.ID, string(phase))
		if i < done || !found || p.at[phase] == 0 || phase == result.PhaseBoot && c.Kind != result.KindVM {
			continue
		}
		if phase == under {
			spent := c.Spent
			if c.Now != nil {
				spent = now.Sub(c.Now.Since)
			}
			estimate = max(0, estimate-spent)
		}
		left[phase] = estimate
	}
	return left
}
