package proc

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// lastBytes is how much of a line is kept for an error's text.
const lastBytes = 1 << 10

// lastLine remembers which line of standard error says best why a program
// failed: the last one that calls itself an error, else the last one with
// anything in it. Programs like to go on after the error with hints and traces.
type lastLine struct {
	last, lastError []byte
}

// add takes the next line.
func (l *lastLine) add(line []byte) {
	line = line[:min(len(line), lastBytes)]
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	l.last = append(l.last[:0], line...)
	if isError(line) {
		l.lastError = append(l.lastError[:0], line...)
	}
}

// String returns the line without colours and control characters.
func (l *lastLine) String() string {
	if text := plain(l.lastError); text != "" {
		return text
	}
	return plain(l.last)
}

// isError reports whether a line begins with "error:" or the like, maybe after
// a colour.
func isError(line []byte) bool {
	words := []string{"error:", "fatal:", "panic:"}
	line = line[:min(len(line), 64)]
	if bytes.IndexByte(line, '\x1b') >= 0 {
		line = []byte(plain(line))
	}
	line = bytes.ToLower(bytes.TrimSpace(line))
	for _, w := range words {
		if bytes.HasPrefix(line, []byte(w)) {
			return true
		}
	}
	return false
}

// sequences matches what terminals take as a command: CSI (colours), OSC
// (titles and links) and the short ones.
var sequences = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])`)

// plain removes escape sequences of terminals, then all that does not print.
func plain(line []byte) string {
	text := strings.ToValidUTF8(string(line), "�")
	if strings.Contains(text, "\x1b") {
		text = sequences.ReplaceAllString(text, "")
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text))
}
