package vmtest

import (
	"bytes"
	"fmt"
	"regexp"
)

// textCheck is what has to be in a text: an output, a file, a page. The zero
// value fits every text.
type textCheck struct {
	contains string
	matches  *regexp.Regexp
}

// expected lists what has to be there.
func (t textCheck) expected(where string) (parts []string) {
	if t.contains != "" {
		parts = append(parts, fmt.Sprintf("%q in %s", t.contains, where))
	}
	if t.matches != nil {
		parts = append(parts, fmt.Sprintf("a match of /%s/ in %s", t.matches, where))
	}
	return parts
}

// missing lists what is not there. A text that was cut is no proof of that, so
// it is said.
func (t textCheck) missing(text []byte, where string, cut bool) (parts []string) {
	if cut {
		where = fmt.Sprintf("the first %d KiB of %s", (len(text)+1023)>>10, where)
	}
	if t.contains != "" && !bytes.Contains(text, []byte(t.contains)) {
		parts = append(parts, fmt.Sprintf("no %q in %s", t.contains, where))
	}
	// "^healthy$" is meant to fit a line that a program printed.
	if t.matches != nil && !t.matches.Match(text) && !t.matches.Match(bytes.TrimSuffix(text, []byte("\n"))) {
		parts = append(parts, fmt.Sprintf("no match of /%s/ in %s", t.matches, where))
	}
	return parts
}

func (t textCheck) asks() bool { return t.contains != "" || t.matches != nil }

// cutAt keeps the beginning of a text of which one byte more was asked for.
func cutAt(text []byte, most int) (kept []byte, cut bool) {
	if len(text) <= most {
		return text, false
	}
	return text[:most], true
}
