// Package runner takes cells through evaluation and building.
//
// [Discover] asks a flake what it offers and makes the matrix of it; [Run]
// evaluates and builds the selected cells concurrently, a cell building as soon
// as it is evaluated, and attributes what fails to its [result.Cause]: one broken
// package below five hosts is one cause with five cells. A failed cell is a
// result and stops none of its siblings.
package runner

import (
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// AtBase ends the name of a phase that is gone through at the base, as it begins.
const AtBase = " at the base"

// Phase is one step of a cell while its run goes on.
type Phase struct {
	result.Phase
	// Causes replaces the ids, which are known only when the run is over. It is set where a
	// cell has several phases that may fail; elsewhere the causes of the cell apply.
	Causes []*result.Cause
}

// Result is what became of a cell.
type Result struct {
	Cell   matrix.Cell
	Status result.Status
	How    result.How
	// SameAs is the id of the cell, earlier in order, that has the same
	// derivation.
	SameAs string
	// Note is why the cell was skipped or only evaluated.
	Note     string
	DrvPath  string
	OutPaths map[string]string
	Phases   []Phase
	Causes   []*result.Cause
	// Flaky says that it passed, or got as far as it did, only after a retry.
	Flaky bool
	// Base is there if the run is compared with one.
	Base *result.CellBase
	// Home is, of a home, whom it is for.
	Home nix.HomeInfo
	// From is when the earlier run ended that the result is taken over from; zero
	// for one of this run.
	From time.Time

	vm nix.VMInfo // of a VM
}

// Seconds is the time spent on the cell itself, all phases together.
func (r Result) Seconds() float64 {
	total := 0.0
	for _, p := range r.Phases {
		total += p.Duration
	}
	return total
}
