package nix

import (
	"bytes"
	"strings"
)

// stderrLog keeps what matters of the stderr of a call that evaluates: the
// last error record, and errors that came as plain text (a stack overflow is
// reported by a signal handler, which does not speak JSON).
type stderrLog struct {
	err      *record
	plain    string
	warnings []string
}

// line takes in one line; it fits [proc.Cmd]'s OnStderr.
func (l *stderrLog) line(line []byte) {
	r, ok := parseRecord(line)
	if !ok {
		text := stripSGR(string(bytes.TrimSpace(line)))
		if msg, found := strings.CutPrefix(text, "error: "); found {
			l.plain = msg
		}
		return
	}
	if r.Action != "msg" {
		return
	}
	switch {
	case r.Level == levelError && (r.RawMsg != "" || strings.HasPrefix(stripSGR(r.Msg), "error:")):
		l.err = &r
	case strings.HasPrefix(stripSGR(r.Msg), "warning:"):
		l.warnings = append(l.warnings, strings.TrimSpace(strings.TrimPrefix(stripSGR(r.Msg), "warning:")))
	}
}
