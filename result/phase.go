package result

import (
	"strings"
	"time"
)

// Phase is one step of a cell.
type Phase struct {
	Name     PhaseName `json:"name"`
	Status   Status    `json:"status"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_seconds"`
	// Waiting is how long a build stood still between its start and its end because other
	// builds had all slots. It is not part of the duration.
	Waiting  float64 `json:"waiting_seconds,omitempty"`
	Attempts int     `json:"attempts,omitempty"`
	// BuiltOn lists the remote builders, as scheme://host, and [BuiltHere] that built something for
	// the cell in this run. The first one built the cell's own derivation. It is empty if remote
	// builders built nothing for it.
	BuiltOn []string `json:"built_on,omitempty"`
	MaxRSS  int64    `json:"max_rss_bytes,omitempty"`
	Message string   `json:"message,omitempty"`
	Log     string   `json:"log,omitempty"`
	// Files are further evidence, such as the log of a console or a screenshot; see
	// [Cause.Log].
	Files []string `json:"files,omitempty"`
	// Causes are the ids of what made this phase fail. If there are none, the cell's
	// causes apply.
	Causes []string `json:"causes,omitempty"`
}

// BuiltHere stands in [Phase.BuiltOn] for the machine of the run itself.
const BuiltHere = "local"

// PhaseKind says what a phase does.
type PhaseKind string

// The kinds of phase, in the order in which a cell goes through them.
const (
	PhaseEval     PhaseKind = "eval"
	PhaseBuild    PhaseKind = "build"
	PhaseBoot     PhaseKind = "boot"
	PhaseActivate PhaseKind = "activate"
	PhaseCheck    PhaseKind = "check"
)

// Name returns the name of a phase of this kind that has no subject.
func (k PhaseKind) Name() PhaseName { return PhaseName{Kind: k} }

// PhaseName names a phase. As text, in JSON too, it is the kind, followed by ": " and the
// subject if there is one, such as "check: sshd answers".
type PhaseName struct {
	Kind PhaseKind
	// Subject is the name of a check, or the host on which a home that serves several was
	// activated.
	Subject string
}

// ParsePhaseName reads the text form.
func ParsePhaseName(text string) PhaseName {
	if kind, subject, _ := strings.Cut(text, ": "); subject != "" {
		return PhaseName{PhaseKind(kind), subject}
	}
	return PhaseName{Kind: PhaseKind(text)}
}

// String returns the text form.
func (n PhaseName) String() string {
	if n.Subject == "" {
		return string(n.Kind)
	}
	return string(n.Kind) + ": " + n.Subject
}

// MarshalText returns the text form. It never fails.
func (n PhaseName) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the text form. It never fails: a newer flakeci may have other kinds.
func (n *PhaseName) UnmarshalText(text []byte) error {
	*n = ParsePhaseName(string(text))
	return nil
}

// Seconds returns a duration as reports hold it, rounded to milliseconds.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}
