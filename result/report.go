package result

import (
	"slices"
	"strings"
	"time"
)

// Schema names the version of the JSON form that this package writes and reads.
const Schema = "flakeci.report/v1"

// Report is everything known about one run. Durations are seconds, sizes are bytes, times
// are RFC 3339.
type Report struct {
	Schema   string    `json:"schema"`
	Tool     Tool      `json:"tool"`
	Nix      Tool      `json:"nix"`
	Flake    Flake     `json:"flake"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_seconds"`
	Verdict  Verdict   `json:"verdict"`
	// Machines are where the run took place: one machine, or several in a merged report.
	Machines []Machine    `json:"machines,omitempty"`
	Grid     Grid         `json:"grid"`
	Cells    []CellResult `json:"cells"`
	Causes   []Cause      `json:"causes"`
	// Base is nil unless the run was given one.
	Base *Base `json:"base,omitempty"`
	// Notes are sentences about the run as a whole, such as a grid column that could not
	// be found.
	Notes []string `json:"notes,omitempty"`
	// Warnings do not change the verdict.
	Warnings []Warning `json:"warnings"`
	// NotTested lists what the flake offers and the run left out.
	NotTested []NotTested `json:"not_tested"`
	// Pushes say what was copied to binary caches. Of many with the same target and status, the
	// last entry counts those that are not listed.
	Pushes []Push `json:"pushes,omitempty"`
}

// Tool is a program that took part, with the version it reports.
type Tool struct {
	Version string `json:"version"`
}

// Flake is what was tested. Ref is the reference as the user wrote it, Locked the one it
// resolved to, Rev the git revision, empty where there is no git.
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
	// NoHost means that the row holds the homes that serve no host of the flake.
	NoHost bool `json:"no_host,omitempty"`
	// Orphan means that only homes name the host; the flake does not have it.
	Orphan bool `json:"orphan,omitempty"`
	// Untested is the id of the host's system if the row is shown although the run left that
	// system out, as it does with Macs by default.
	Untested string `json:"untested,omitempty"`
	// Cells are ids. A home that serves several hosts is in the row of each.
	Cells []string `json:"cells"`
}

// Warning is worth knowing but changes no verdict. Cells are the ids that it concerns; there are
// none if it concerns the whole run.
type Warning struct {
	Text     string    `json:"text"`
	Cells    []string  `json:"cells,omitempty"`
	Location *Location `json:"location,omitempty"`
	// Cause says why something failed that no cell depends on, such as a push.
	Cause *Cause `json:"cause,omitempty"`
}

// String returns the warning as one line, with the cells first.
func (w Warning) String() string {
	text := w.Text
	if len(w.Cells) > 0 {
		text = strings.Join(w.Cells, ", ") + ": " + text
	}
	if w.Location != nil && !strings.Contains(w.Text, w.Location.String()) {
		text += " (" + w.Location.String() + ")"
	}
	return text
}

// NotTested counts the cells of one kind that the flake offers and the run left out.
type NotTested struct {
	Kind  Kind   `json:"kind"`
	Count int    `json:"count,omitempty"` // 0: not counted, possibly none
	Why   string `json:"why"`             // what left them out, or what would include them
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

// VerdictOf returns the verdict of a finished run: canceled if it was interrupted; failed if
// a cell failed, had a failed dependency or timed out, or if the flake itself is broken (a
// cause without cells that blames the flake); error if a cell or the machine is in error;
// else passed. A run in which nothing passed and nothing failed is an error: a run never
// passes on nothing.
func VerdictOf(cells []CellResult, causes []Cause, interrupted bool) Verdict {
	if interrupted {
		return VerdictCanceled
	}
	verdict := VerdictPassed
	if !slices.ContainsFunc(cells, func(c CellResult) bool { return c.Status == Passed }) {
		verdict = VerdictError
	}
	for _, c := range cells {
		switch {
		case c.Status.BlamesFlake():
			return VerdictFailed
		case !c.Status.OK(): // including a missing status and one of a newer flakeci
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
