package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Span is one phase of a cell on the timeline.
type Span struct {
	Cell       result.CellResult
	Phase      result.Phase
	Start, End float64 // seconds since the run began
	Lane       int     // counts from 0; spans in one lane do not overlap
}

// Track is one kind of work, or one machine of a merged report, with its spans in the order of their
// start.
type Track struct {
	Name     string
	LaneName string // the word for one lane
	Spans    []Span
	Lanes    int
}

// Timeline says what ran when.
type Timeline struct {
	Tracks []Track
	Length float64 // seconds from the start of the run to the end of the last span
}

// NewTimeline lays the phases of a report out in time. It leaves out phases without a time.
func NewTimeline(r result.Report) Timeline {
	timeline := Timeline{Length: min(max(0, r.Duration), MaxSeconds)}
	index := timeline.addTracks(r)
	began := StartOf(r)
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if p.Started.IsZero() {
				continue
			}
			start := max(0, p.Started.Sub(began).Seconds())
			span := Span{Cell: c, Phase: p, Start: start, End: start + min(max(0, p.Duration)+max(0, p.Waiting), MaxSeconds)}
			track := &timeline.Tracks[index(c, p)]
			track.Spans = append(track.Spans, span)
			timeline.Length = max(timeline.Length, span.End)
		}
	}
	for i := range timeline.Tracks {
		timeline.Tracks[i].pack()
	}
	return timeline
}

// addTracks adds a track for each machine, or for each kind of work and each remote builder if there
// is just one machine. It returns a function that tells the index of a phase's track.
func (t *Timeline) addTracks(r result.Report) func(result.CellResult, result.Phase) int {
	machines := r.Machines
	if len(machines) < 2 {
		t.Tracks = []Track{
			{Name: "evaluation", LaneName: "evaluation"}, {Name: "build", LaneName: "build"}, {Name: "machines", LaneName: "machine"},
		}
		builders := remoteBuilders(r)
		for _, name := range builders {
			t.Tracks = append(t.Tracks, Track{Name: "build on " + name, LaneName: "build"})
		}
		return func(_ result.CellResult, p result.Phase) int {
			if i := slices.Index(builders, BuiltFirst(p)); i >= 0 {
				return machineTrack + 1 + i
			}
			return trackOf(p)
		}
	}
	at := map[string]int{}
	for i, m := range machines {
		// A saved report may give a machine no name.
		t.Tracks = append(t.Tracks, Track{Name: cmp.Or(m.Name, fmt.Sprintf("machine %d", i+1)), LaneName: "lane"})
		at[m.Name] = i
	}
	t.Tracks = append(t.Tracks, Track{Name: "unknown machine", LaneName: "lane"})
	return func(c result.CellResult, _ result.Phase) int {
		if i, known := at[c.Machine]; known {
			return i
		}
		return len(machines)
	}
}

// BuiltFirst returns the remote builder that built a cell itself, or "" if none did.
func BuiltFirst(p result.Phase) string {
	if len(p.BuiltOn) == 0 || p.BuiltOn[0] == result.BuiltHere || p.Name.Kind != result.PhaseBuild {
		return ""
	}
	return p.BuiltOn[0]
}

// remoteBuilders lists the remote builders that built cells.
func remoteBuilders(r result.Report) (names []string) {
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if name := BuiltFirst(p); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// BuiltOn names the machines on which something was built for a phase, or returns "" if remote
// builders built nothing for it.
func BuiltOn(p result.Phase) string {
	names := slices.Clone(p.BuiltOn)
	for i, name := range names {
		if name == result.BuiltHere {
			names[i] = "the machine of the run"
		}
	}
	return JoinAnd(names)
}

// MaxSeconds is the longest duration of a phase, about thirty years. A longer one makes no
// sense, and would overflow in arithmetic.
const MaxSeconds = 1e9

// StartOf returns the start of a run or of its first phase, whichever is earlier.
func StartOf(r result.Report) time.Time {
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

// machineTrack is the index of the track of machines.
const machineTrack = 2

// trackOf returns the index of a phase's track.
func trackOf(p result.Phase) int {
	switch p.Name.Kind {
	case result.PhaseEval:
		return 0
	case result.PhaseBuild:
		return 1
	}
	return machineTrack
}

// roundingError is how many seconds a phase may seem to begin before another has ended, only
// because times are rounded.
const roundingError = 0.002

// pack gives every span a lane. A machine keeps its lane until its last check, so that one lane
// shows everything that happened in it.
func (t *Track) pack() {
	slices.SortStableFunc(t.Spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	until := map[string]float64{}
	for _, s := range t.Spans {
		if key := s.machine(); key != "" {
			until[key] = max(until[key], s.End)
		}
	}
	var ends, kept []float64 // for each lane: when its last span ends, and until when a machine keeps it
	laneOf := map[string]int{}
	for i := range t.Spans {
		s := &t.Spans[i]
		lane, found := laneOf[s.machine()]
		if !found || ends[lane] > s.Start+roundingError {
			lane = slices.IndexFunc(kept, func(end float64) bool { return end <= s.Start+roundingError })
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
			laneOf[key], kept[lane] = lane, max(kept[lane], until[key])
		}
	}
	t.Lanes = len(ends)
}

// InMachine reports whether the phase took place in a booted machine.
func (s Span) InMachine() bool { return trackOf(s.Phase) == machineTrack }

// machine names the machine in which a phase took place, empty for evaluations and builds.
func (s Span) machine() string {
	if !s.InMachine() {
		return ""
	}
	if name := s.Phase.Name; name.Kind == result.PhaseActivate && name.Subject != "" {
		return name.Subject
	}
	return cmp.Or(s.Cell.Host, s.Cell.ID)
}
