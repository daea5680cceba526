package github

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// marker is the first line of everything flakeci writes on GitHub, an HTML comment by which a
// later run finds the text again.
type marker struct {
	what, key    string // the kind of text, and which of several
	run, attempt int64
	leg          leg    // of several jobs with the same key
	state        string // what the next run needs to know
}

// String returns the line. It escapes whatever in the key could end the comment.
func (m marker) String() string {
	return fmt.Sprintf("%s run=%d.%d leg=%s state=%s -->", m.prefix(), m.run, m.attempt, safe(m.leg.String()), safe(m.state))
}

// prefix returns the beginning of all markers with the same kind and key.
func (m marker) prefix() string {
	return "<!-- flakeci-" + m.what + ":" + safe(m.key)
}

// safe writes a text as one word without two adjacent dashes.
func safe(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "-", "%2D")
}

// read returns the marker of a body if it has the same kind and key.
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
		case "leg":
			of, _ := url.QueryUnescape(value)
			got.leg = parseLeg(of)
		case "state":
			got.state, _ = url.QueryUnescape(value)
		}
	}
	return got, true
}

// clash returns [errOtherLeg] if another leg of the same run wrote one of the texts.
func clash[T any](m marker, texts []T, body func(T) string) error {
	for _, text := range texts {
		if wrote, _ := m.read(body(text)); m.run != 0 && m.run == wrote.run && m.leg.other(wrote.leg, m.attempt == wrote.attempt) {
			return errOtherLeg
		}
	}
	return nil
}

// newer reports whether this marker is from the same run as the other or from a later one.
func (m marker) newer(other marker) bool {
	return m.run > other.run || m.run == other.run && m.attempt >= other.attempt
}
