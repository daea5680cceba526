// Package progress folds the events of a run into one state for its views.
package progress

import (
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// State is the progress of a run. It has no lock of its own.
type State struct {
	now       func() time.Time
	announced int

	// Matrix has all cells of Cells in order. Version grows when it changes: a cell joins, or
	// the user of a home becomes known.
	Matrix  matrix.Matrix
	Version int
	Cells   map[string]*Cell // by id, including homes found inside hosts

	Finished, Failed int         // cells
	Running          []*Activity // in order of their start
	Builders         []*Builder  // the running ones, in the same order
	Planning         time.Time   // when flakeci asked Nix what to build; zero if it is not asking
}

// Asking says for how long flakeci has been waiting for Nix to say what to build.
func Asking(took string) string {
	return "asking Nix what to build and binary caches what they have for " + took
}

// Cell is the progress of a cell.
type Cell struct {
	result.Cell
	Now    *Activity          // nil while no phase is running
	Begun  []result.PhaseKind // the phases that began, in order, without those at the base
	Spent  time.Duration      // on the running phase, before it last waited
	Status result.Status      // empty until the cell is finished
}

// Finished reports whether the cell is finished.
func (c *Cell) Finished() bool { return c.Status != "" }

// Failed reports whether the cell is finished and needs attention.
func (c *Cell) Failed() bool { return c.Status.NeedsAttention() }

// Activity is a running phase of a cell.
type Activity struct {
	Cell   *Cell
	Phase  result.PhaseName
	AtBase bool
	Since  time.Time
	Retry  string // why it is retried; empty if it is not
}

// Name returns the name of the phase, and says if it is at the base.
func (a *Activity) Name() string {
	if a.AtBase {
		return a.Phase.String() + " at the base"
	}
	return a.Phase.String()
}

// Builder is a builder that is or was running.
type Builder struct {
	Drv    string
	On     string // the remote builder that it runs on; empty for this machine
	Since  time.Time
	Ended  bool
	Took   time.Duration // once it has ended
	Silent time.Time     // when it last printed something, if that is long ago
	Log    Log
}

// Name returns the name of what it builds, and where, as Nix has them.
func (b *Builder) Name() string {
	if b.On == "" {
		return storepath.Name(b.Drv)
	}
	return storepath.Name(b.Drv) + " on " + b.On
}

// Elapsed is how long the builder has run.
func (b *Builder) Elapsed(now time.Time) time.Duration {
	if b.Ended {
		return b.Took
	}
	return now.Sub(b.Since)
}

// New makes the state of a run of these cells at its start.
func New(m matrix.Matrix, now func() time.Time) *State {
	s := &State{now: now, announced: len(m.Cells), Matrix: m, Cells: map[string]*Cell{}}
	for _, c := range m.Cells {
		s.Cells[c.ID] = &Cell{Cell: c}
	}
	return s
}

// Announced counts the cells that the run began with and those added later. Homes found
// inside hosts count only once more cells have finished than were announced.
func (s *State) Announced() int { return max(s.announced, s.Finished) }

// Apply applies an event.
func (s *State) Apply(e event.Event) {
	switch e := e.(type) {
	case event.Added:
		s.announced = s.Announced() + len(e.Cells)
		s.add(e.Cells...)
	case event.Started:
		c := s.cell(e.Cell)
		if !e.AtBase {
			c.Begun = append(c.Begun, e.Phase.Kind)
		}
		s.begin(&Activity{Cell: c, Phase: e.Phase, AtBase: e.AtBase, Since: s.now()})
	case event.Resumed:
		s.begin(&Activity{Cell: s.cell(e.Cell), Phase: e.Phase, AtBase: e.AtBase, Since: e.Since})
	case event.Waiting:
		s.rest(s.evaluated(e.Cell))
	case event.Retrying:
		for _, c := range e.Cells {
			if now := s.cell(c).Now; now != nil {
				now.Retry = e.Cause.Title
			}
		}
	case event.Finished:
		s.finish(e.Result)
	case event.Compared:
		s.finish(e.Result)
	case event.Planning:
		s.Planning = time.Time{}
		if e.Running {
			s.Planning = s.now()
		}
	case event.BuilderStarted:
		s.Builders = append(s.Builders, &Builder{Drv: e.Drv, On: e.On, Since: s.now()})
	case event.BuilderStopped:
		s.builderStopped(e.Drv)
	case event.Line:
		for _, b := range slices.Backward(s.Builders) {
			if b.Drv == e.Drv {
				b.Log.add(e.Text)
				break
			}
		}
	case event.Stalled:
		s.stalled(e)
	}
}

func (s *State) add(cells ...result.Cell) {
	for _, c := range cells {
		s.Cells[c.ID] = &Cell{Cell: c}
	}
	s.Matrix = s.Matrix.With(cells...)
	s.Version++
}

// cell returns a cell, which may be a home that only evaluation has found.
func (s *State) cell(c result.Cell) *Cell {
	if s.Cells[c.ID] == nil {
		s.add(c)
	}
	return s.Cells[c.ID]
}

// evaluated returns a cell whose evaluation may have found its user.
func (s *State) evaluated(c result.Cell) *Cell {
	known := s.cell(c)
	if known.User != c.User {
		known.Cell = c
		s.Matrix = s.Matrix.With(c)
		s.Version++
	}
	return known
}

func (s *State) begin(a *Activity) {
	s.rest(a.Cell)
	a.Cell.Now = a
	s.Running = append(s.Running, a)
}

// rest ends the running phase of a cell.
func (s *State) rest(c *Cell) {
	if c.Now != nil {
		c.Spent = s.now().Sub(c.Now.Since)
		s.Running = slices.DeleteFunc(s.Running, func(a *Activity) bool { return a == c.Now })
		c.Now = nil
	}
}

// finish records a result. A cell may finish more than once.
func (s *State) finish(r outcome.Result) {
	c := s.evaluated(r.Cell)
	s.rest(c)
	if !c.Finished() {
		s.Finished++
	}
	if c.Failed() {
		s.Failed--
	}
	if c.Status = r.Status; c.Failed() {
		s.Failed++
	}
}

// builderStopped ends the first builder of a derivation: another nix that needs the same
// one waits for it.
func (s *State) builderStopped(drv string) {
	i := slices.IndexFunc(s.Builders, func(b *Builder) bool { return b.Drv == drv })
	if i >= 0 {
		b := s.Builders[i]
		b.Took, b.Ended = s.now().Sub(b.Since), true
		s.Builders = slices.Delete(s.Builders, i, i+1)
	}
}

func (s *State) stalled(e event.Stalled) {
	for _, b := range s.Builders {
		if b.Drv != e.Drv {
			continue
		}
		b.Silent = time.Time{}
		if e.Silent > 0 {
			b.Silent = s.now().Add(-e.Silent)
		}
	}
}
