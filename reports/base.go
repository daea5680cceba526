package reports

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Base is what a run was compared with: the same flake before the change.
type Base struct {
	// Ref is the base as it was given: a git revision, a flake reference, or the
	// file of a report.
	Ref string `json:"ref"`
	// Rev is the git revision that was compared with, where there is one.
	Rev string `json:"rev,omitempty"`
	// Note says how Rev came from Ref, such as where a branch left another.
	Note string `json:"note,omitempty"`
	// Missing is why there is no comparison; then no cell has a base.
	Missing string `json:"missing,omitempty"`
}

// CellBase is a cell at the base. A cell that is no more has the status
// [Skipped] and the change [RemovedCell].
type CellBase struct {
	Change  result.Change  `json:"change"`
	Outcome result.Outcome `json:"outcome,omitempty"`
	DrvPath string         `json:"drv_path,omitempty"`
	// Status is what the cell came to at the base, empty where that was not asked.
	Status result.Status `json:"status,omitempty"`
	// Note is what is to be known of the comparison, such as why Change is unknown.
	Note string `json:"note,omitempty"`
	// Closure is what changed in what the cell is made of; only a changed host or
	// home has it.
	Closure *Closure `json:"closure,omitempty"`
}

// Closure is the difference of two closures: all that a system or home needs to
// run, by the names of packages.
type Closure struct {
	// Unknown is why it is not known; then there is nothing else.
	Unknown string `json:"unknown,omitempty"`
	// Before and After are the sizes of the closures in bytes.
	Before int64 `json:"before_bytes"`
	After  int64 `json:"after_bytes"`
	// Packages are in the order of their names.
	Packages []PackageChange `json:"packages,omitempty"`
	// Rebuilt counts packages whose versions are as before and their paths are not.
	Rebuilt int `json:"rebuilt,omitempty"`
	// RebuiltSize is by how many bytes these grew; with the sizes of Packages that is
	// all of the difference.
	RebuiltSize int64 `json:"rebuilt_size_delta_bytes,omitempty"`
}

// PackageChange is one package of which other versions are there than before.
type PackageChange struct {
	Name string               `json:"name"`
	Kind result.VersionChange `json:"kind"`
	// Before and After are the versions, oldest first; one without is "".
	Before []string `json:"before,omitempty"`
	After  []string `json:"after,omitempty"`
	// Size is by how many bytes all of the package's paths together grew.
	Size int64 `json:"size_delta_bytes"`
}

// outcome is how a cell ended compared with the base; empty where that is not known.
func (c Cell) outcome() result.Outcome {
	if c.Base == nil {
		return ""
	}
	return c.Base.Outcome
}

// gone reports whether a cell is one of the base that is no more.
func (c Cell) gone() bool {
	return c.Status == result.Skipped && c.Base != nil && c.Base.Change == result.CellRemoved
}

// name is what a base is called within a sentence.
func (b Base) name() string {
	name := cmp.Or(b.Ref, b.Rev, "the base")
	if len(name) == 40 && strings.Trim(name, "0123456789abcdef") == "" {
		return name[:7]
	}
	return fit(name, 40)
}
