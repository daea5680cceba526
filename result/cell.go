package result

import (
	"slices"
	"strings"
	"time"
)

// Cell is one thing to evaluate and then build or boot.
type Cell struct {
	ID     string `json:"id"`     // stable and unique in its flake; see package matrix
	Kind   Kind   `json:"kind"`   // the kind of flake output
	Host   string `json:"host"`   // row of the grid; empty for a bare home and an output without a host
	User   string `json:"user"`   // column of the grid; empty unless the cell is a home
	System string `json:"system"` // such as x86_64-linux; empty if only evaluation can tell
	Attr   string `json:"attr"`   // attribute path in the flake, quoted as in Nix

	Path   []string `json:"-"`                 // the same path, unquoted; nil in a report that was read
	PartOf string   `json:"part_of,omitempty"` // id of the host that a home is embedded in
}

// Bare reports whether the cell is a home that names no host, and so may serve several. The key
// "u@" names a host with an empty name, which is a name.
func (c Cell) Bare() bool {
	return c.Kind == KindHome && c.Host == "" && c.PartOf == "" && !strings.Contains(c.ID, "@")
}

// WithUser returns the cell of a home with its home.username, which need not be the key of a
// bare home. The ids of all other homes have the right user.
func (c Cell) WithUser(username string) Cell {
	if c.Bare() && username != "" {
		c.User = username
	}
	return c
}

// CellResult is a cell and its result.
type CellResult struct {
	Cell
	Status Status `json:"status"`
	How    How    `json:"how,omitempty"`
	Flaky  bool   `json:"flaky,omitempty"`
	// SameAs is the id of the cell that has the same derivation and was built instead.
	SameAs string `json:"same_as,omitempty"`
	// Note says why a cell was skipped or only evaluated.
	Note     string            `json:"note,omitempty"`
	DrvPath  string            `json:"drv_path,omitempty"`
	OutPaths map[string]string `json:"out_paths,omitempty"`
	Causes   []string          `json:"causes,omitempty"`
	// Base is nil unless the run was compared with one.
	Base *CellBase `json:"base,omitempty"`
	// Since is set if the cell failed before for a cause that it still has, according to this
	// machine's history.
	Since *Since `json:"since,omitempty"`
	// From is when the earlier run ended that the result was taken over from; zero if it is of this
	// run.
	From time.Time `json:"from,omitzero"`
	// Info is what the configuration of a host says about its names and accounts.
	Info HostInfo `json:"info,omitzero"`
	// Machine names the one that the result comes from, in a merged report; see [Report.Machines].
	Machine string  `json:"machine,omitempty"`
	Phases  []Phase `json:"phases"`
}

// MarkSame sets SameAs of each cell that has the derivation of an earlier one.
func MarkSame(cells []CellResult) {
	first := map[string]string{}
	for i, c := range cells {
		if id, ok := first[c.DrvPath]; ok {
			cells[i].SameAs = id
		} else if c.DrvPath != "" {
			first[c.DrvPath] = c.ID
		}
	}
}

// Since is the first run of an unbroken series in which a cell has failed for the same cause. Rev
// is the revision that run tested, empty for an uncommitted tree; Runs is how many runs ago it
// was.
type Since struct {
	Rev     string    `json:"rev,omitempty"`
	Started time.Time `json:"started"`
	Runs    int       `json:"runs"`
}

// Outcome compares the cell with the base. It is empty where that is unknown.
func (c CellResult) Outcome() Outcome {
	if c.Base == nil {
		return ""
	}
	return c.Base.Outcome
}

// Removed reports whether the cell exists only at the base.
func (c CellResult) Removed() bool {
	return c.Status == Skipped && c.Base != nil && c.Base.Change == CellRemoved
}

// TotalSeconds adds up the durations of all phases.
func (c CellResult) TotalSeconds() float64 {
	total := 0.0
	for _, p := range c.Phases {
		total += p.Duration
	}
	return total
}

// PassedAt reports whether a phase of this kind passed.
func (c CellResult) PassedAt(kind PhaseKind) bool {
	return slices.ContainsFunc(c.Phases, func(p Phase) bool { return p.Name.Kind == kind && p.Status == Passed })
}

// Activated reports whether a home was activated in a host, successfully or not.
func (c CellResult) Activated() bool {
	return slices.ContainsFunc(c.Phases, func(p Phase) bool { return p.Name.Kind == PhaseActivate })
}

// FailedPhase returns the last phase that is not OK, and a zero name if all are.
func (c CellResult) FailedPhase() PhaseName {
	for _, p := range slices.Backward(c.Phases) {
		if !p.Status.OK() {
			return p.Name
		}
	}
	return PhaseName{}
}
