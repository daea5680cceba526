// Package result defines the terms of a run as types, up to its report. It imports only the
// standard library, so that every other package can use it.
package result

import "slices"

// Status says how a phase or a cell ended.
type Status string

// The statuses of phases and cells. A cell is DependencyFailed if something that it needs failed,
// so that it was never built itself. It is an Error if flakeci or the machine could not do the
// work.
const (
	Passed           Status = "passed"
	Failed           Status = "failed"
	DependencyFailed Status = "dependency-failed"
	TimedOut         Status = "timed-out"
	Error            Status = "error"
	Canceled         Status = "canceled"
	Skipped          Status = "skipped"
)

// OK reports whether the cell passed or was left out on purpose.
func (s Status) OK() bool { return s == Passed || s == Skipped }

// BlamesFlake reports whether the flake is at fault: the cell failed, a dependency of it
// did, or it took too long.
func (s Status) BlamesFlake() bool { return s == Failed || s == DependencyFailed || s == TimedOut }

// NeedsAttention reports whether someone has to look into the cell, because of the flake or
// of the machine. A status that a newer flakeci wrote does; a canceled cell does not.
func (s Status) NeedsAttention() bool {
	switch s {
	case Passed, Skipped, Canceled, "":
		return false
	}
	return true
}

// Severity orders statuses, the worst last. An unknown one is as bad as [Error].
func (s Status) Severity() int {
	order := []Status{"", Skipped, Passed, Canceled, Error, DependencyFailed, TimedOut, Failed}
	if i := slices.Index(order, s); i >= 0 {
		return i
	}
	return slices.Index(order, Error)
}

// How says why a cell passed.
type How string

// The ways a cell passes. Cached means from a substituter or already in the store.
// Evaluated means that only an evaluation was asked for, or that this machine can do no
// more for the cell's system. Unchanged means that the base has the same derivation, and
// --changed-only left it out.
const (
	Built     How = "built"
	Cached    How = "cached"
	Evaluated How = "evaluated"
	Unchanged How = "unchanged"
)

// Change says how a cell differs from the base.
type Change string

// The changes of a cell. CellUnchanged means the same derivation. The change is
// CellUnknown if the cell does not evaluate, now or at the base.
const (
	CellUnchanged Change = "unchanged"
	CellChanged   Change = "changed"
	CellAdded     Change = "added"
	CellRemoved   Change = "removed"
	CellUnknown   Change = "unknown"
)

// Outcome compares how a cell ended with how it ended at the base. It is empty where that
// is unknown.
type Outcome string

// The outcomes of a cell compared with the base.
const (
	NewFailure    Outcome = "new-failure"
	AlreadyBroken Outcome = "already-broken"
	Fixed         Outcome = "fixed"
	Same          Outcome = "same"
)

// VersionChange says how the versions of a package in a closure changed.
type VersionChange string

// The changes of a package's versions. PackageModified means a change without a direction, such as
// when one of several versions is gone.
const (
	PackageAdded    VersionChange = "added"
	PackageRemoved  VersionChange = "removed"
	PackageUp       VersionChange = "up"
	PackageDown     VersionChange = "down"
	PackageModified VersionChange = "changed"
)
