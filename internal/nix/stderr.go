package nix

import (
	"bytes"
	"fmt"
)

// stderrLog keeps what matters of the stderr of a call that evaluates: the
// last error record, and the last error that came as plain text (a stack
// overflow is reported by a signal handler, which does not speak JSON).
type stderrLog struct {
	err   *record
	plain string
}

// line takes in one line; it fits [proc.Cmd]'s OnStderr.
func (l *stderrLog) line(line []byte) {
	r, ok := parseRecord(line)
	switch {
	case ok && r.isError() && r.RawMsg != "":
		l.err = &r
	case !ok && len(line) >= maxRecord && bytes.HasPrefix(line, recordPrefix):
		l.plain = fmt.Sprintf("nix said more than %d MiB in one message, too much to read", maxRecord>>20)
	case !ok:
		if text, found := plainError(line); found {
			l.plain = text
		}
	}
}
