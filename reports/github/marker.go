package github

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// marker is the first line of what flakeci writes on GitHub, by which a later run
// finds it again. It is a comment that nobody sees.
type marker struct {
	what, key    string // what it is, and which of several
	run, attempt int64
	state        string // what is to be known of it the next time
}

// String is the line. The key may be any text: whatever could end the comment is
// written in another way.
func (m marker) String() string {
	return fmt.Sprintf("%s run=%d.%d state=%s -->", m.prefix(), m.run, m.attempt, safe(m.state))
}

// prefix is what all markers of a thing begin with.
func (m marker) prefix() string {
	return "<!-- flakeci-" + m.what + ":" + safe(m.key)
}

// safe writes a text as one word in which no two dashes meet.
func safe(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "-", "%2D")
}

// read finds the marker in a body that begins with one of the same thing.
func (m marker) read(body string) (marker, bool) {
	line, _, _ := strings.Cut(body, "\n")
	rest, found := strings.CutPrefix(strings.TrimSpace(line), m.prefix()+" ")
	if !found {
		return marker{}, false
	}
	got := marker{what: m.what, key: m.key}
	for field := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "run":
			run, attempt, _ := strings.Cut(value, ".")
			got.run, _ = strconv.ParseInt(run, 10, 64)
			got.attempt, _ = strconv.ParseInt(attempt, 10, 64)
		case "state":
			got.state, _ = url.QueryUnescape(value)
		}
	}
	return got, true
}

// newer says whether this is of a later run than the other, or of the same.
func (m marker) newer(other marker) bool {
	return m.run > other.run || m.run == other.run && m.attempt >= other.attempt
}
