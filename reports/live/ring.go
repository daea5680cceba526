package live

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What is kept of the log of a builder that runs. The whole log of one that
// fails is a file.
const (
	mostLines = 2000
	mostBytes = 256 << 10
	longest   = 1000 // bytes of one line
)

// ring holds the last lines of a log. A builder may write a hundred megabytes:
// adding a line takes the same little time however many there were.
type ring struct {
	lines   []string // of which the first `dropped - base` are gone already
	base    int      // number of the line at lines[0]
	dropped int      // how many lines are gone
	bytes   int      // of those that are kept
}

func (r *ring) add(line string) {
	if cut := len(line) - longest; cut > 0 {
		end := longest
		for !utf8.RuneStart(line[end]) {
			end--
		}
		line = fmt.Sprintf("%s… (%d bytes left out)", line[:end], len(line)-end)
	}
	r.lines = append(r.lines, strings.Clone(line)) // not the megabyte that it may be cut out of
	r.bytes += len(line)
	for r.end()-r.dropped > mostLines || r.bytes > mostBytes {
		gone := &r.lines[r.dropped-r.base]
		r.bytes -= len(*gone)
		*gone = ""
		r.dropped++
	}
	// Moved up once in a while only, when as many are gone as are kept.
	if gone := r.dropped - r.base; gone >= mostLines {
		r.lines = append(make([]string, 0, cap(r.lines)), r.lines[gone:]...)
		r.base = r.dropped
	}
}

// end is the number that the next line will have. Those from dropped to before
// end are kept.
func (r *ring) end() int { return r.base + len(r.lines) }

// at gives a line that is kept.
func (r *ring) at(i int) string { return r.lines[i-r.base] }

// last gives the last line that has anything in it.
func (r *ring) last() string {
	for i := r.end() - 1; i >= max(r.dropped, r.end()-5); i-- {
		if strings.TrimSpace(r.at(i)) != "" {
			return r.at(i)
		}
	}
	return ""
}
