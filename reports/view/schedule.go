package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Span is one phase of a cell on the clock of the run.
type Span struct {
	Cell       result.Cell
	Phase      result.Phase
	Start, End float64 // seconds since the run began
	Lane       int     // counts from 0; what is in one lane does not overlap
}

// Work is a kind of work with all that was done of it, in the order of its start.
type Work struct {
	Name  string
	Lane  string // what one of its lanes is called
	Spans []Span
	Lanes int
}

// Schedule is what ran when.
type Schedule struct {
	Works  []Work
	Length float64 // seconds from the beginning to the end of the last
}

// NewSchedule lays the phases of a report out in time. One without a time has no
// place in it.
func NewSchedule(r result.Report) Schedule {
	s := Schedule{Length: min(max(0, r.Duration), MaxSeconds), Works: []Work{
		{Name: "evaluation", Lane: "evaluation"}, {Name: "build", Lane: "build"}, {Name: "machines", Lane: "machine"},
	}}
	began := Beginning(r)
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if p.Started.IsZero() {
				continue
			}
			start := max(0, p.Started.Sub(began).Seconds())
			one := Span{Cell: c, Phase: p, Start: start, End: start + min(max(0, p.Duration)+max(0, p.Waiting), MaxSeconds)}
			w := &s.Works[WorkOf(p)]
			w.Spans = append(w.Spans, one)
			s.Length = max(s.Length, one.End)
		}
	}
	for i := range s.Works {
		s.Works[i].pack()
	}
	return s
}

// MaxSeconds is the most seconds that a phase is taken to last, some thirty years:
// beyond that a report has no sense, and arithmetic soon none either.
const MaxSeconds = 1e9

// Beginning is when a run began: as it says of itself, else with its first phase.
func Beginning(r result.Report) time.Time {
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

// WorkOf is the index of a phase's work.
func WorkOf(p result.Phase) int {
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
func (w *Work) pack() {
	slices.SortStableFunc(w.Spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	until := map[string]float64{}
	for _, s := range w.Spans {
		if key := s.machine(); key != "" {
			until[key] = max(until[key], s.End)
		}
	}
	var ends, kept []float64 // of each lane: when its last span ends, and its machine
	mine := map[string]int{}
	for i := range w.Spans {
		s := &w.Spans[i]
		lane, found := mine[s.machine()]
		if !found || ends[lane] > s.Start+overlap {
			lane = slices.IndexFunc(kept, func(end float64) bool { return end <= s.Start+overlap })
		}
		if lane < 0 {
			lane = len(ends)
			ends, kept = append(ends, 0), append(kept, 0)
		}
		s.Lane = lane
		s.Start = max(s.Start, ends[lane])
		s.End = max(s.End, s.Start)
		ends[lane], kept[lane] = s.End, max(kept[lane], s.End)
		if key := s.machine(); key != "" {
			mine[key], kept[lane] = lane, max(kept[lane], until[key])
		}
	}
	w.Lanes = len(ends)
}

// machine names the host in which a phase took place; empty for evaluation and
// building, of which each is by itself.
func (s Span) machine() string {
	if WorkOf(s.Phase) < 2 {
		return ""
	}
	if name := s.Phase.Name; name.Kind == result.PhaseActivate && name.Subject != "" {
		return name.Subject
	}
	return cmp.Or(s.Cell.Host, s.Cell.ID)
}
