// Package reports holds the Report of a run and every form it is shown in: the
// terminal table, JSON, JUnit, markdown and a page.
//
// A Report is plain data with the fixed field names of schema
// flakeci.report/v1. Sinks are functions of a Report alone; only collect.go
// knows where its values come from, so a saved report renders exactly as a
// fresh one does.
package reports

import (
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Schema names the version of the JSON form that this package writes and reads.
const Schema = "flakeci.report/v1"

// Report is everything that is known of one run. Durations are seconds, sizes
// are bytes, times are RFC 3339.
type Report struct {
	Schema   string    `json:"schema"`
	Tool     Tool      `json:"tool"`
	Nix      Tool      `json:"nix"`
	Flake    Flake     `json:"flake"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_seconds"`
	Verdict  Verdict   `json:"verdict"`
	Grid     Grid      `json:"grid"`
	Cells    []Cell    `json:"cells"`
	Causes   []Cause   `json:"causes"`
	// Base is there only if one was given.
	Base *Base `json:"base,omitempty"`
	// Notes are remarks about the run as a whole, such as a grid column that
	// could not be found; each is one sentence.
	Notes []string `json:"notes,omitempty"`
	// Warnings change no verdict.
	Warnings []Warning `json:"warnings"`
	// NotTested is what the flake offers and the run left out.
	NotTested []NotTested `json:"not_tested"`
}

// Tool is a program that took part, with the version it gave of itself.
type Tool struct {
	Version string `json:"version"`
}

// Flake is what was looked at. Ref is the reference as the user wrote it,
// Locked the one it resolved to, Rev the git revision where there is one.
type Flake struct {
	Ref    string `json:"ref"`
	Locked string `json:"locked"`
	Rev    string `json:"rev"`
	Dirty  bool   `json:"dirty"`
}

// Grid is the layout of the table. Orphans are the ids of homes for hosts that the flake
// does not have.
type Grid struct {
	Hosts   []string `json:"hosts"`
	Users   []string `json:"users"`
	Orphans []string `json:"orphans"`
	// Rows come from the matrix: which home serves which host depends on the whole flake,
	// including what this run left out.
	Rows []Row `json:"rows"`
}

// Row is one row of the table.
type Row struct {
	// Host names the host, unless NoHost.
	Host string `json:"host,omitempty"`
	// NoHost means that the row is of homes that serve no host.
	NoHost bool `json:"no_host,omitempty"`
	// Key is what such homes are called, empty if each is named after its user.
	Key string `json:"key,omitempty"`
	// Orphan means that only homes name the host; the flake does not have it.
	Orphan bool `json:"orphan,omitempty"`
	// Cells are ids. A home that serves several hosts is in the row of each.
	Cells []string `json:"cells"`
}

// Verdict is the one word a run ends with; see [VerdictOf].
type Verdict string

// The verdicts of a run.
const (
	VerdictPassed   Verdict = "passed"
	VerdictFailed   Verdict = "failed"
	VerdictError    Verdict = "error"
	VerdictCanceled Verdict = "canceled"
)

// Cell is one thing that was evaluated and then built or booted.
type Cell struct {
	ID     string        `json:"id"`
	Kind   string        `json:"kind"`
	Host   string        `json:"host"`
	User   string        `json:"user"`
	System string        `json:"system"`
	Attr   string        `json:"attr"`
	Status result.Status `json:"status"`
	How    result.How    `json:"how,omitempty"`
	Flaky  bool          `json:"flaky,omitempty"`
	// SameAs is the id of the cell that has the same derivation and was built
	// in its stead.
	SameAs string `json:"same_as,omitempty"`
	// PartOf is the id of the host that a home is embedded in.
	PartOf string `json:"part_of,omitempty"`
	// Note is why a cell was skipped or only evaluated.
	Note     string            `json:"note,omitempty"`
	DrvPath  string            `json:"drv_path,omitempty"`
	OutPaths map[string]string `json:"out_paths,omitempty"`
	Causes   []string          `json:"causes,omitempty"`
	// Base is there only if the run was compared with one.
	Base *CellBase `json:"base,omitempty"`
	// Since is there if the cell failed before, as this machine remembers.
	Since  *Since  `json:"since,omitempty"`
	Phases []Phase `json:"phases"`
}

// Since is the first run of those in which a cell has failed without passing in
// between. Rev is what it looked at, empty for a tree that was not committed; Runs
// is how many there were before this one.
type Since struct {
	Rev     string    `json:"rev,omitempty"`
	Started time.Time `json:"started"`
	Runs    int       `json:"runs"`
}

// Activated reports whether a home was activated in a host, whatever came of it.
func (c Cell) Activated() bool {
	return slices.ContainsFunc(c.Phases, func(p Phase) bool {
		name, _, _ := strings.Cut(p.Name, ":")
		return name == "activate"
	})
}

// Phase is one step of a cell: eval, build, boot, activate or "check: NAME".
type Phase struct {
	Name     string        `json:"name"`
	Status   result.Status `json:"status"`
	Started  time.Time     `json:"started"`
	Duration float64       `json:"duration_seconds"`
	// Waiting is for how long between its start and its end nothing was done for a
	// build, because others were built. It is not part of the duration.
	Waiting  float64 `json:"waiting_seconds,omitempty"`
	Attempts int     `json:"attempts,omitempty"`
	MaxRSS   int64   `json:"max_rss_bytes,omitempty"`
	Message  string  `json:"message,omitempty"`
	Log      string  `json:"log,omitempty"`
	// Files are further evidence: a console's log, a picture of the screen. As
	// [Cause.Log] is.
	Files []string `json:"files,omitempty"`
	// Causes are ids of why it did not pass; without them the cell's are.
	Causes []string `json:"causes,omitempty"`
}

// Cause is the one root behind one or more cells that did not pass.
type Cause struct {
	ID       string           `json:"id"`
	Kind     result.CauseKind `json:"kind"`
	Title    string           `json:"title"`
	Message  string           `json:"message,omitempty"`
	Hint     string           `json:"hint,omitempty"`
	DrvPath  string           `json:"drv_path,omitempty"`
	ExitCode int              `json:"exit_code,omitempty"`
	Location *Location        `json:"location,omitempty"`
	// LogTail is the end of the failing derivation's log, or of an evaluation
	// trace; lines are separated by \n.
	LogTail string `json:"log_tail,omitempty"`
	// Log is the path of the whole log, relative to the report's folder of
	// artifacts' parent as the user named it.
	Log   string   `json:"log,omitempty"`
	Cells []string `json:"cells"`
}

// Location is a place in the user's flake. File is relative to the root of its
// git repository, or of the flake where there is no git. Line and Column count
// from 1; 0 means unknown.
type Location struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// VerdictOf is the verdict of a finished run: canceled if it was interrupted,
// else failed if any cell failed, could not be built for a dependency or timed
// out, or if the flake itself is broken (a cause without cells that is not the
// machine's), else error if any cell or the machine is in error, else passed.
// A run in which nothing passed and nothing failed, as all was skipped or there
// was nothing, is an error: a run never passes on nothing.
func VerdictOf(cells []Cell, causes []Cause, interrupted bool) Verdict {
	if interrupted {
		return VerdictCanceled
	}
	verdict := VerdictPassed
	if !slices.ContainsFunc(cells, func(c Cell) bool { return c.Status == result.Passed }) {
		verdict = VerdictError
	}
	for _, c := range cells {
		switch {
		case c.Status.BlamesFlake():
			return VerdictFailed
		case !c.Status.OK(): // also a cell without a result, or with one that is not known here
			verdict = VerdictError
		}
	}
	for _, c := range causes {
		if len(c.Cells) > 0 {
			continue
		}
		if c.Kind.Status().BlamesFlake() {
			return VerdictFailed
		}
		verdict = VerdictError
	}
	return verdict
}
