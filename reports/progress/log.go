package progress

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
)

// How much of a running builder's log is kept. The full log of a failed one is a file.
const (
	maxLines = 2000
	maxBytes = 256 << 10
	maxLine  = 1000 // bytes of one line
)

// Log holds the last lines of a builder's log. A builder may write a hundred megabytes:
// adding a line takes the same little time however many there were.
type Log struct {
	lines   []string // the first `dropped - base` of them are already dropped
	base    int      // number of the line at lines[0]
	dropped int      // how many lines were dropped
	bytes   int      // of the kept lines
}

func (l *Log) add(line string) {
	if cut := len(line) - maxLine; cut > 0 {
		line = fmt.Sprintf("%s (%d bytes left out)", clean.Shorten(line, maxLine), cut)
	}
	l.lines = append(l.lines, strings.Clone(line)) // without keeping the megabyte that it may be part of
	l.bytes += len(line)
	for l.End()-l.dropped > maxLines || l.bytes > maxBytes {
		gone := &l.lines[l.dropped-l.base]
		l.bytes -= len(*gone)
		*gone = ""
		l.dropped++
	}
	// This moves the lines up only once as many are dropped as are kept.
	if gone := l.dropped - l.base; gone >= maxLines {
		l.lines = append(make([]string, 0, cap(l.lines)), l.lines[gone:]...)
		l.base = l.dropped
	}
}

// Begin is the number of the first kept line. Lines are numbered from 0.
func (l *Log) Begin() int { return l.dropped }

// End is the number that the next line will have.
func (l *Log) End() int { return l.base + len(l.lines) }

// Line returns a line that is kept.
func (l *Log) Line(i int) string { return l.lines[i-l.base] }

// Last returns the last line that is not blank, if it is one of the last five.
func (l *Log) Last() string {
	for i := l.End() - 1; i >= max(l.dropped, l.End()-5); i-- {
		if strings.TrimSpace(l.Line(i)) != "" {
			return l.Line(i)
		}
	}
	return ""
}
