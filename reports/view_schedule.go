package reports

import (
	"cmp"
	"slices"
	"time"

	"github.com/flakeci/flakeci/result"
)

// span is one phase of a cell on the clock of the run.
type span struct {
	cell       result.Cell
	phase      result.Phase
	start, end float64 // seconds since the run began
	lane       int     // counts from 0; what is in one lane does not overlap
}

// work is a kind of work with all that was done of it, in the order of its start.
type work struct {
	name  string
	lane  string // what one of its lanes is called
	spans []span
	lanes int
}

// schedule is what ran when.
type schedule struct {
	works  []work
	length float64 // seconds from the beginning to the end of the last
}

// newSchedule lays the phases of a report out in time. One without a time has no
// place in it.
func newSchedule(r result.Report) schedule {
	s := schedule{length: min(max(0, r.Duration), longest), works: []work{
		{name: "evaluation", lane: "evaluation"}, {name: "build", lane: "build"}, {name: "machines", lane: "machine"},
	}}
	began := beginning(r)
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if p.Started.IsZero() {
				continue
			}
			start := max(0, p.Started.Sub(began).Seconds())
			one := span{cell: c, phase: p, start: start, end: start + min(max(0, p.Duration)+max(0, p.Waiting), longest)}
			w := &s.works[workOf(p)]
			w.spans = append(w.spans, one)
			s.length = max(s.length, one.end)
		}
	}
	for i := range s.works {
		s.works[i].pack()
	}
	return s
}

// longest is the most seconds that a phase is taken to last, some thirty years:
// beyond that a report has no sense, and arithmetic soon none either.
const longest = 1e9

// beginning is when a run began: as it says of itself, else with its first phase.
func beginning(r result.Report) time.Time {
	began := r.Started
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if !p.Started.IsZero() && (began.IsZero() || p.Started.Before(began)) {
				began = p.Started
			}
		}
	}
	return began
}

// workOf is the index of a phase's work.
func workOf(p result.Phase) int {
	switch p.Name.Kind {
	case result.PhaseEval:
		return 0
	case result.PhaseBuild:
		return 1
	}
	return 2
}

// overlap is by how much, in seconds, one phase may seem to begin before another
// ended only because times are rounded.
const overlap = 0.002

// pack gives every span a lane. A machine keeps one until its last check, so that
// what happened in it stands side by side.
func (w *work) pack() {
	slices.SortStableFunc(w.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	until := map[string]float64{}
	for _, s := range w.spans {
		if key := s.machine(); key != "" {
			until[key] = max(until[key], s.end)
		}
	}
	var ends, kept []float64 // of each lane: when its last span ends, and its machine
	mine := map[string]int{}
	for i := range w.spans {
		s := &w.spans[i]
		lane, found := mine[s.machine()]
		if !found || ends[lane] > s.start+overlap {
			lane = slices.IndexFunc(kept, func(end float64) bool { return end <= s.start+overlap })
		}
		if lane < 0 {
			lane = len(ends)
			ends, kept = append(ends, 0), append(kept, 0)
		}
		s.lane = lane
		s.start = max(s.start, ends[lane])
		s.end = max(s.end, s.start)
		ends[lane], kept[lane] = s.end, max(kept[lane], s.end)
		if key := s.machine(); key != "" {
			mine[key], kept[lane] = lane, max(kept[lane], until[key])
		}
	}
	w.lanes = len(ends)
}

// machine names the host in which a phase took place; empty for evaluation and
// building, of which each is by itself.
func (s span) machine() string {
	if workOf(s.phase) < 2 {
		return ""
	}
	if name := s.phase.Name; name.Kind == result.PhaseActivate && name.Subject != "" {
		return name.Subject
	}
	return cmp.Or(s.cell.Host, s.cell.ID)
}
