package proc

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// lastBytes limits a line in an error's text.
const lastBytes = 1 << 10

// lastLine remembers the line of standard error that best explains a failure: the last one that
// begins with "error:" or the like, else the last one that is not empty. Many programs print
// hints and traces after the error.
type lastLine struct {
	last, lastError []byte
}

// add adds the next line.
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

// String returns the line without colors and control characters.
func (l *lastLine) String() string {
	if text := plain(l.lastError); text != "" {
		return text
	}
	return plain(l.last)
}

// isError reports whether a line begins with "error:" or the like, perhaps after a color.
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

// sequences matches escape sequences: CSI (colors), OSC (titles and links) and short ones.
var sequences = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])`)

// plain removes escape sequences, then unprintable characters.
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
