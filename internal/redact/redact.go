// Package redact masks credentials in texts: known ones such as the job's token, in any
// encoding, and those in typical places such as the password in a URL.
//
// A text is redacted where it comes in, so that no later cut splits a token, and again where it
// goes out. Programs that flakeci runs get the unredacted text.
package redact

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
)

// Mask replaces a credential.
const Mask = "***"

// Secrets holds the known credentials. The zero value knows none, and finds those in typical
// places. Several goroutines may use it at once.
type Secrets struct {
	mu    sync.RWMutex
	known []string // each in every form, the longest first
}

// minSecret is the minimum length of a credential that is masked everywhere. A shorter one may be
// a word.
const minSecret = 8

// Add adds credentials, without surrounding space such as a file's last newline. It adds the
// lines of a multi-line key too, as logs may show them separately.
func (s *Secrets) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, value := range values {
		value = strings.TrimSpace(value)
		all = append(all, value)
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != value && looksRandom(line) {
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

// AddFrom adds the credentials in a text of the user, such as an argument or a nix.conf, so that
// they are masked in any place.
func (s *Secrets) AddFrom(text string) {
	for _, at := range findCredentials(text) {
		group := text[at.from:at.to]
		if at.pattern.parts == nil {
			s.Add(group)
			continue
		}
		s.Add(at.pattern.parts(group)...)
	}
}

// Text masks the secrets in a text.
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

// find lists the secrets in a text, sorted and without overlaps.
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

// mask replaces each span by [Mask].
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

// JSON masks the secrets in the strings of a JSON text, even if it is cut off. It changes nothing
// else.
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

// Value returns a copy of v with credentials masked. It goes through JSON, so that it cannot miss
// a field.
func Value[T any](s *Secrets, v T) (safe T, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return safe, err
	}
	err = json.Unmarshal(s.JSON(text), &safe)
	return safe, err
}

// File returns the content of a file with credentials masked. Pictures stay as they are.
func (s *Secrets) File(data []byte) []byte {
	if !utf8.Valid(data) && bytes.HasPrefix(data, []byte("\x89PNG")) {
		return data
	}
	return []byte(s.Text(string(data)))
}

// stringEnd returns the end of a JSON string that begins with a quote at start.
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

// literal masks the secrets in a JSON string, and reports whether there were any.
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
