package result

import (
	"slices"
	"time"
)

// Cell is one thing that was evaluated and then built or booted.
type Cell struct {
	ID     string `json:"id"`
	Kind   Kind   `json:"kind"`
	Host   string `json:"host"`
	User   string `json:"user"`
	System string `json:"system"`
	Attr   string `json:"attr"`
	Status Status `json:"status"`
	How    How    `json:"how,omitempty"`
	Flaky  bool   `json:"flaky,omitempty"`
	// SameAs is the id of the cell that has the same derivation and was built instead.
	SameAs string `json:"same_as,omitempty"`
	// PartOf is the id of the host that a home is embedded in.
	PartOf string `json:"part_of,omitempty"`
	// Note says why a cell was skipped or only evaluated.
	Note     string            `json:"note,omitempty"`
	DrvPath  string            `json:"drv_path,omitempty"`
	OutPaths map[string]string `json:"out_paths,omitempty"`
	Causes   []string          `json:"causes,omitempty"`
	// Base is nil unless the run was compared with one.
	Base *CellBase `json:"base,omitempty"`
	// Since is set if the cell failed before, according to this machine's history.
	Since  *Since  `json:"since,omitempty"`
	Phases []Phase `json:"phases"`
}

// Since is the first of the runs in which a cell has failed without passing in between. Rev
// is the revision that run tested, empty for an uncommitted tree; Runs is how many runs ago
// it was.
type Since struct {
	Rev     string    `json:"rev,omitempty"`
	Started time.Time `json:"started"`
	Runs    int       `json:"runs"`
}

// Outcome compares the cell with the base. It is empty where that is unknown.
func (c Cell) Outcome() Outcome {
	if c.Base == nil {
		return ""
	}
	return c.Base.Outcome
}

// Removed reports whether the cell exists only at the base.
func (c Cell) Removed() bool {
	return c.Status == Skipped && c.Base != nil && c.Base.Change == CellRemoved
}

// Bare reports whether the cell is a home that names no host, and so may serve several.
func (c Cell) Bare() bool { return c.Kind == KindHome && c.Host == "" }

// TotalSeconds adds up the durations of all phases.
func (c Cell) TotalSeconds() float64 {
	total := 0.0
	for _, p := range c.Phases {
		total += p.Duration
	}
	return total
}

// PassedAt reports whether a phase of this kind passed.
func (c Cell) PassedAt(kind PhaseKind) bool {
	return slices.ContainsFunc(c.Phases, func(p Phase) bool { return p.Name.Kind == kind && p.Status == Passed })
}

// Activated reports whether a home was activated in a host, successfully or not.
func (c Cell) Activated() bool {
	return slices.ContainsFunc(c.Phases, func(p Phase) bool { return p.Name.Kind == PhaseActivate })
}

// FailedPhase returns the last phase that is not OK, and a zero name if all are.
func (c Cell) FailedPhase() PhaseName {
	for _, p := range slices.Backward(c.Phases) {
		if !p.Status.OK() {
			return p.Name
		}
	}
	return PhaseName{}
}
