// Package event carries what happens in a run to its subscribers.
//
// Each event is a small struct. Nothing in an event may change once it was sent: the sender
// continues while subscribers read it.
package event

import (
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Event is one of the types of this package.
type Event interface{ event() }

// Added says that cells joined the run after it began.
type Added struct{ Cells []result.Cell }

// Found says that a home was found inside a host and joins the run. It comes before the host is
// finished.
type Found struct{ Home result.Cell }

// Started says that a phase of a cell begins.
type Started struct {
	Cell  result.Cell
	Phase result.PhaseName
	// AtBase says that the phase is for the cell as it was at the base.
	AtBase bool
}

// Waiting says that nothing is happening for a cell at the moment. It was evaluated and waits to
// be built or for another cell with the same derivation, or others have all slots.
type Waiting struct{ Cell result.Cell }

// Resumed says that a phase continues after waiting.
type Resumed struct {
	Cell   result.Cell
	Phase  result.PhaseName
	AtBase bool
	// Since is when the phase would have begun had it not waited.
	Since time.Time
}

// Retrying says that a phase of some cells is tried again, and what it failed for.
type Retrying struct {
	Cells []result.Cell // at least one
	Phase result.PhaseName
	Cause *result.Cause
}

// Finished says that a cell is finished. The ids of causes are not known yet. A
// home that is activated in its host is finished a second time.
type Finished struct{ Result outcome.Result }

// Compared says what a finished cell was at the base.
type Compared struct{ Result outcome.Result }

// Planning says that flakeci is asking Nix what to build for waiting cells, or that Nix has
// answered. Nix asks binary caches, which may take their time.
type Planning struct{ Running bool }

// BuilderStarted says that the builder of a derivation started, and on which remote builder, such as
// ssh-ng://host. That is empty for this machine.
type BuilderStarted struct{ Drv, On string }

// BuilderStopped says that the builder of a derivation ended, successfully or not.
type BuilderStopped struct{ Drv string }

// Line is a line that a builder wrote, as it wrote it: clean it before showing it.
type Line struct{ Drv, Text string }

// Stalled says that a builder has written nothing for a long time, or writes again.
type Stalled struct {
	Drv    string
	Cells  []result.Cell // that wait for it
	Silent time.Duration // 0 if it writes again
}

// CacheDropped says that Nix continues without a binary cache. It comes once for each cache.
type CacheDropped struct {
	Cache  string // scheme://host, or the whole address if Unsigned
	Reason string
	// Unsigned means that it can be reached, but that some path there is not signed by a trusted
	// key. Nix builds that path.
	Unsigned bool
}

// BuilderDropped says that Nix builds elsewhere, or not at all, because a remote builder could not be
// used. It comes once for each.
type BuilderDropped struct {
	Builder string // scheme://host
	Reason  string
}

// String returns what happened as one line.
func (e BuilderDropped) String() string {
	return "remote builder " + e.Builder + " could not be used; building without it: " + e.Reason
}

func (Added) event()          {}
func (Found) event()          {}
func (Started) event()        {}
func (Waiting) event()        {}
func (Resumed) event()        {}
func (Retrying) event()       {}
func (Finished) event()       {}
func (Compared) event()       {}
func (Planning) event()       {}
func (BuilderStarted) event() {}
func (BuilderStopped) event() {}
func (Line) event()           {}
func (Stalled) event()        {}
func (CacheDropped) event()   {}
func (BuilderDropped) event() {}
