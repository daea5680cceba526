package nixlog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// TailLines is how many lines at the end of a builder's log are kept.
const TailLines = 20

// tailLineBytes is how much of the end of a line is kept: a builder may print lines of any length.
const tailLineBytes = 2048

// logBytes is the least that is kept of a builder's log, in bytes. logCut begins a log that was
// cut.
const (
	logBytes = 128 << 10
	logCut   = "… (only the end of the log was kept)\n"
)

// tail keeps the last lines of one builder's log, and a longer part of it as text.
type tail struct {
	lines []string
	log   []byte
}

func (t *tail) add(line string) {
	t.log = append(append(t.log, line[max(len(line)-logBytes/2, 0):]...), '\n')
	if len(t.log) > 2*logBytes {
		_, end, _ := bytes.Cut(t.log[len(t.log)-logBytes-1:], []byte{'\n'})
		t.log = slices.Concat([]byte(logCut), end)
	}
	if cut := len(line) - tailLineBytes; cut > 0 {
		line = fmt.Sprintf("… (%d bytes left out) %s", cut, strings.ToValidUTF8(line[cut:], ""))
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > TailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
}
