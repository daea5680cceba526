package result

import "fmt"

// CauseKind sorts causes by what to do about them.
type CauseKind string

// The kinds of cause. From CauseBoot to CauseCheck they describe a host that was booted.
const (
	CauseEval        CauseKind = "eval"
	CauseInput       CauseKind = "input"
	CauseBuild       CauseKind = "build"
	CauseHash        CauseKind = "hash-mismatch"
	CauseFeature     CauseKind = "missing-feature"
	CauseSystem      CauseKind = "unsupported-system"
	CauseMemory      CauseKind = "out-of-memory"
	CauseDisk        CauseKind = "disk-full"
	CauseTimeout     CauseKind = "timeout"
	CauseDaemon      CauseKind = "daemon"
	CauseSubstituter CauseKind = "substituter"
	CauseBuilder     CauseKind = "builder"
	CauseBoot        CauseKind = "boot"
	CausePanic       CauseKind = "panic"
	CauseEmergency   CauseKind = "emergency"
	CauseHang        CauseKind = "hang"
	CauseAgent       CauseKind = "agent"
	CauseUnit        CauseKind = "unit"
	CauseActivation  CauseKind = "activation"
	CauseCheck       CauseKind = "check"
	CauseAccelerator CauseKind = "accelerator"
	CauseInfra       CauseKind = "infra"
)

// Status returns the status of something that only a cause of this kind ended: [Failed] and
// [TimedOut] blame the flake, [Error] blames the machine, the network or flakeci.
func (k CauseKind) Status() Status {
	switch {
	case k == CauseEval, k == CauseBuild, k == CauseHash, k.InGuest():
		return Failed
	case k == CauseTimeout:
		return TimedOut
	}
	return Error
}

// InGuest reports whether the cause came up in a booted host, which had been built by then.
func (k CauseKind) InGuest() bool {
	switch k {
	case CauseBoot, CausePanic, CauseEmergency, CauseHang, CauseAgent, CauseUnit, CauseActivation, CauseCheck:
		return true
	}
	return false
}

// Cause is the one root behind one or more cells that did not pass.
type Cause struct {
	// ID is short and unique in its report: c1, c2, and so on.
	ID string `json:"id"`
	// Key is the same for the same cause in other runs; see [Cause.StableKey].
	Key  string    `json:"key"`
	Kind CauseKind `json:"kind"`
	// Title says in one line what happened. Message is everything Nix or the guest said.
	Title   string `json:"title"`
	Message string `json:"message,omitempty"`
	// Hint says what to do about it.
	Hint     string    `json:"hint,omitempty"`
	DrvPath  string    `json:"drv_path,omitempty"`
	ExitCode int       `json:"exit_code,omitempty"`
	Location *Location `json:"location,omitempty"`
	// Excerpt is the source around the location. It is nil if that has no line.
	Excerpt *Excerpt `json:"excerpt,omitempty"`
	// LogTail is the end of the failing derivation's log, or an evaluation trace with the
	// innermost frame first. Lines are separated by \n.
	LogTail string `json:"log_tail,omitempty"`
	// Log is the path of the full log, relative to the folder that holds the folder of
	// artifacts as the user named it. It is empty if no log was kept.
	Log string `json:"log,omitempty"`
	// Cells are the ids of the cells that the cause blocks.
	Cells []string `json:"cells"`
	// Since is set if the cause blocked one of these cells before, according to this machine's
	// history.
	Since *Since `json:"since,omitempty"`
}

// Excerpt is a few lines of a file, around the line of a [Location].
type Excerpt struct {
	// FirstLine is the number of the first line, counting from 1.
	FirstLine int      `json:"first_line"`
	Lines     []string `json:"lines"`
}

// Location is a place in the user's flake. File is relative to the root of its git
// repository, or to the flake where there is no git. Line and Column count from 1; 0 means
// unknown.
type Location struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// OrNil returns the location, or nil if it names no file.
func (l Location) OrNil() *Location {
	if l.File == "" {
		return nil
	}
	return &l
}

// String returns the place as editors take it: file:line:column.
func (l Location) String() string {
	switch {
	case l.Line <= 0:
		return l.File
	case l.Column <= 0:
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	return fmt.Sprintf("%s:%d:%d", l.File, l.Line, l.Column)
}
