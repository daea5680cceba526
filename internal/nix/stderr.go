package nix

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// stderrLog keeps what matters of the stderr of a call that evaluates: the
// last error record, and the last error that came as plain text (a stack
// overflow is reported by a signal handler, which does not speak JSON), and what
// was built meanwhile.
type stderrLog struct {
	err    *record
	plain  string
	builds *buildLog
}

// line takes in one line; it fits [proc.Cmd]'s OnStderr.
func (l *stderrLog) line(line []byte) {
	r, ok := parseRecord(line)
	if ok {
		if l.builds == nil {
			l.builds = newBuildLog(BuildWatcher{})
		}
		l.builds.record(r)
	}
	switch {
	case ok && r.isError() && r.RawMsg != "":
		l.err = &r
	case ok && r.isError() && r.text() == noMemory:
		l.plain = noMemory // Nix's last word, which it says otherwise than other errors
	case !ok && len(line) >= maxRecord && bytes.HasPrefix(line, recordPrefix):
		l.plain = fmt.Sprintf("nix said more than %d MiB in one message, too much to read", maxRecord>>20)
	case !ok:
		if text, found := plainError(line); found {
			l.plain = text
		}
	}
}

// explain puts what Nix said into the error of its process. Other lines may follow
// that, such as a server's answer.
func (l *stderrLog) explain(err error) {
	var died *proc.Error
	if errors.As(err, &died) && l.err != nil {
		died.LastLine, _, _ = strings.Cut(l.err.text(), "\n")
	}
}
