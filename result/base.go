package result

// Base is what a run was compared with: the same flake before the change.
type Base struct {
	// Ref is the base as the user gave it: a git revision, a flake reference, or the file
	// of a report.
	Ref string `json:"ref"`
	// Rev is the git revision of the base, empty where there is no git.
	Rev string `json:"rev,omitempty"`
	// Note says how Rev follows from Ref, for example as a merge base.
	Note string `json:"note,omitempty"`
	// Missing says why there is no comparison. Then no cell has a base.
	Missing string `json:"missing,omitempty"`
}

// CellBase compares a cell with the base. A cell that exists only at the base has the status
// [Skipped] and the change [CellRemoved].
type CellBase struct {
	Change  Change  `json:"change"`
	Outcome Outcome `json:"outcome,omitempty"`
	DrvPath string  `json:"drv_path,omitempty"`
	// Status is how the cell ended at the base, empty if nobody asked.
	Status Status `json:"status,omitempty"`
	// Causes are the keys of the causes that the cell had at the base.
	Causes []string `json:"causes,omitempty"`
	// Note says more about the comparison, such as why Change is unknown, or the other reason for
	// which the cell failed at the base.
	Note string `json:"note,omitempty"`
	// Closure says how the packages changed. Only a changed host or home has it.
	Closure *ClosureDiff `json:"closure,omitempty"`
}

// ClosureDiff is the difference between two closures, everything a system or home needs to run,
// by the names of packages.
type ClosureDiff struct {
	// Unknown says why the difference is unknown. Then the other fields are zero.
	Unknown string `json:"unknown,omitempty"`
	// Before and After are the sizes of the closures in bytes.
	Before int64 `json:"before_bytes"`
	After  int64 `json:"after_bytes"`
	// Packages are sorted by name.
	Packages []PackageChange `json:"packages,omitempty"`
	// Rebuilt counts packages whose versions are the same and whose paths differ.
	Rebuilt int `json:"rebuilt,omitempty"`
	// RebuiltSize is the number of bytes by which these grew. With the sizes in Packages, it adds
	// up to the whole difference.
	RebuiltSize int64 `json:"rebuilt_size_delta_bytes,omitempty"`
}

// PackageChange is one package whose versions changed.
type PackageChange struct {
	Name string        `json:"name"`
	Kind VersionChange `json:"kind"`
	// Before and After are the versions, oldest first; "" is a package without one.
	Before []string `json:"before,omitempty"`
	After  []string `json:"after,omitempty"`
	// Size is the number of bytes by which all paths of the package together grew.
	Size int64 `json:"size_delta_bytes"`
}
