// Package redact takes credentials out of texts: those that are known, such as the
// job's token, in whatever way they are written, and those that stand where
// credentials do, such as the password of an address.
//
// A text is redacted where it comes in, so that nothing is cut in the middle of a
// token later on, and once more where it goes out. What runs is given the
// references as they are.
package redact

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/clean"
)

// Mask stands in the place of a credential.
const Mask = "***"

// Secrets are the credentials that are known. The zero value knows none, and finds
// those that stand where credentials do. It may be used by several goroutines.
type Secrets struct {
	mu    sync.RWMutex
	known []string // each in every form, the longest first
}

// minSecret is the least length of a credential that is looked for everywhere. A shorter
// one may well be a word.
const minSecret = 8

// Add adds credentials. The space around one is none of it, such as the line break
// that a file ends with, and a key of several lines is known line by line, too: logs
// show them apart.
func (s *Secrets) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, value := range values {
		value = strings.TrimSpace(value)
		all = append(all, value)
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != value && LooksRandom(line) {
				all = append(all, line)
			}
		}
	}
	for _, value := range all {
		if len(value) < minSecret {
			continue
		}
		for _, form := range forms(value) {
			if !slices.Contains(s.known, form) {
				s.known = append(s.known, form)
			}
		}
	}
	slices.SortStableFunc(s.known, func(a, b string) int { return len(b) - len(a) })
}

// AddFrom adds the credentials that stand in a text of the user's own, such as an
// argument or a nix.conf, so that they are known where they stand alone, too.
func (s *Secrets) AddFrom(text string) {
	for _, at := range findCredentials(text) {
		group := text[at.from:at.to]
		if at.place.parts == nil {
			s.Add(group)
			continue
		}
		s.Add(at.place.parts(group)...)
	}
}

// Text masks what is secret in a text.
func (s *Secrets) Text(text string) string {
	if clean.Plain(text) {
		return mask(text, s.find(text))
	}
	seen, from := clean.VisibleText(text)
	ranges := s.find(seen)
	for i, r := range ranges {
		ranges[i] = span{from[r.from], from[r.to-1] + 1}
	}
	return mask(text, ranges)
}

// span is a part of a text.
type span struct{ from, to int }

// find lists what is secret, in order and apart from each other.
func (s *Secrets) find(text string) []span {
	var found []span
	for _, at := range findCredentials(text) {
		found = append(found, at.span)
	}
	s.mu.RLock()
	for _, value := range s.known {
		for at := 0; ; {
			i := strings.Index(text[at:], value)
			if i < 0 {
				break
			}
			found = append(found, span{at + i, at + i + len(value)})
			at += i + len(value)
		}
	}
	s.mu.RUnlock()
	if len(found) < 2 {
		return found
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	apart := found[:1]
	for _, r := range found[1:] {
		if last := &apart[len(apart)-1]; r.from < last.to {
			last.to = max(last.to, r.to)
			continue
		}
		apart = append(apart, r)
	}
	return apart
}

// mask puts a mask in the place of each span.
func mask(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, r := range spans {
		b.WriteString(text[at:r.from] + Mask)
		at = r.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// JSON masks what is secret in the strings of a JSON text, also of one that is cut
// off. Nothing else of it changes.
func (s *Secrets) JSON(data []byte) []byte {
	var out []byte
	done := 0
	for at := 0; ; {
		start := bytes.IndexByte(data[at:], '"')
		if start < 0 {
			break
		}
		start += at
		end := stringEnd(data, start)
		if masked, changed := s.literal(data[start:end]); changed {
			out = append(append(out, data[done:start]...), masked...)
			done = end
		}
		at = end
	}
	if done == 0 {
		return data
	}
	return append(out, data[done:]...)
}

// stringEnd is where a string of JSON ends, which begins with a quote.
func stringEnd(data []byte, start int) int {
	for i := start + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// literal masks what is secret in a string of JSON, and says whether that was
// anything.
func (s *Secrets) literal(quoted []byte) (masked []byte, changed bool) {
	var text string
	if bytes.IndexByte(quoted, '\\') < 0 {
		text = strings.Trim(string(quoted), `"`)
	} else if json.Unmarshal(quoted, &text) != nil {
		plain := s.Text(string(quoted))
		return []byte(plain), plain != string(quoted)
	}
	safe := s.Text(text)
	if safe == text {
		return quoted, false
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(safe) != nil {
		return []byte(`"` + Mask + `"`), true
	}
	return bytes.TrimRight(out.Bytes(), "\n"), true
}
