package check

import (
	"bytes"
	"fmt"
	"regexp"
)

// textCheck requires something of a text: an output, a file or a page. The zero value
// accepts every text.
type textCheck struct {
	contains string
	matches  *regexp.Regexp
}

// expected lists what the text must have.
func (t textCheck) expected(where string) (parts []string) {
	if t.contains != "" {
		parts = append(parts, fmt.Sprintf("%q in %s", t.contains, where))
	}
	if t.matches != nil {
		parts = append(parts, fmt.Sprintf("a match of /%s/ in %s", t.matches, where))
	}
	return parts
}

// missing lists what the text lacks. It mentions if the text is incomplete, as the rest could
// have it.
func (t textCheck) missing(text []byte, where string, cut bool) (parts []string) {
	if cut {
		where = fmt.Sprintf("the first %d KiB of %s", (len(text)+1023)>>10, where)
	}
	if t.contains != "" && !bytes.Contains(text, []byte(t.contains)) {
		parts = append(parts, fmt.Sprintf("no %q in %s", t.contains, where))
	}
	// "^healthy$" should match a line with its newline.
	if t.matches != nil && !t.matches.Match(text) && !t.matches.Match(bytes.TrimSuffix(text, []byte("\n"))) {
		parts = append(parts, fmt.Sprintf("no match of /%s/ in %s", t.matches, where))
	}
	return parts
}

func (t textCheck) isSet() bool { return t.contains != "" || t.matches != nil }

// truncateText returns the first limit bytes of a text, and whether there are more.
func truncateText(text []byte, limit int) (kept []byte, cut bool) {
	if len(text) <= limit {
		return text, false
	}
	return text[:limit], true
}
