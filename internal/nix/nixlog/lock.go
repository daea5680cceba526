package nixlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/result"
)

// LockFault is what is wrong with a lock file, or with what it says about an input.
type LockFault struct {
	Kind LockFaultKind
	// Input is the input whose own lock file, or whose entry in the flake's lock file, is at
	// fault. It is empty if the flake's lock file as a whole is at fault.
	Input string
	// Version is the format that this Nix does not know.
	Version int
}

// LockFaultKind sorts the faults of lock files by what to do about them.
type LockFaultKind string

// The kinds of faults. A lock file that is encrypted or has a conflict is [Spoiled].
const (
	LockEmpty    LockFaultKind = "empty"
	LockSyntax   LockFaultKind = "syntax"
	LockVersion  LockFaultKind = "version"
	LockContent  LockFaultKind = "content"  // JSON, but not a lock file
	LockHash     LockFaultKind = "hash"     // the input's content has another hash
	LockRevision LockFaultKind = "revision" // the input's repository lacks the revision
)

var (
	lockFileRE    = regexp.MustCompile(`(?:^Could not parse|^lock file|^path) '([^']*flake\.lock)'`)
	lockVersionRE = regexp.MustCompile(`^lock file '[^']*' has unsupported version (\d+)`)
	lockContentRE = regexp.MustCompile(`^attribute '[^']*' missing in lock file|^lock file (?:references|contains)|` +
		`^input attribute '[^']*' not supported by scheme|^unsupported \S+ input attribute|^cannot show unsupported input|` +
		`^invalid SRI hash|^hash '[^']*' (?:has wrong length|has unknown|is invalid|lacks)|^flake\.lock.*(?:symlink|directory)|^(?:read of \d+ bytes|reading from file(?: '[^']*flake\.lock')?): Is a directory`)
	// Older versions throw what their JSON parser throws, without a place.
	jsonRE = regexp.MustCompile(`^\[json\.exception\.`)

	emptyRE = regexp.MustCompile(`empty input|unexpected end of input`)

	// Versions between 2.19 and 2.34 describe the input as JSON.
	mismatchRE   = regexp.MustCompile(`^(?:NAR hash mismatch|'\w+' attribute mismatch) in input '([^']+)'|^mismatch in field '\w+' of input '`)
	brokenHashRE = regexp.MustCompile(`^(?:invalid SRI )?hash '([^']*)'`)
	lostRevRE    = regexp.MustCompile(`(?i)cannot find Git revision|object not found|not our ref|unadvertised object|no match for id|unknown revision|not a (?:tree|commit) object|bad object`)
	hashRE       = regexp.MustCompile(`\bsha256-[A-Za-z0-9+/]+=*`)
	revisionRE   = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
)

// lockFault finds what is wrong with a lock file, and where: Nix could not read it, or an input
// does not match it. A flake cannot imitate this, because Nix has either evaluated nothing yet or
// names an input.
func (e *EvalError) lockFault(t flaketree.Tree, prefix, text string) {
	if m := mismatchRE.FindStringSubmatch(text); m != nil && t.Input != nil {
		name := t.Input(m[1])
		if e.Input != nil {
			name = e.Input.Name
		}
		if place := lockedAt(t, append(hashRE.FindAllString(text, -1), revisionRE.FindAllString(text, -1)...)); name != "" && place.File != "" {
			e.Lock, e.Place = &LockFault{Kind: LockHash, Input: name}, place
		}
		return
	}
	if m := brokenHashRE.FindStringSubmatch(text); m != nil && e.Input != nil {
		if place := lockedAt(t, []string{m[1], "sha256-" + m[1]}); place.File != "" {
			e.Lock, e.Place = &LockFault{Kind: LockContent, Input: e.Input.Name}, place
		}
		return
	}
	if e.Input != nil && lostRevRE.MatchString(text) {
		if place := lockedAt(t, revisionRE.FindAllString(text+e.Input.URL, -1)); place.File != "" {
			e.Lock, e.Place = &LockFault{Kind: LockRevision, Input: e.Input.Name}, place
		}
		return
	}
	named := lockFileRE.FindStringSubmatch(text)
	switch {
	case named == nil && !(e.locking && lockContentRE.MatchString(text)) && !(e.ofNix && jsonRE.MatchString(text)):
		return
	case t.StorePath != "": // the flake was resolved before, so its lock file is intact
		return
	}
	e.Lock = &LockFault{Kind: LockContent, Input: e.inputFrames(prefix).Name}
	if named != nil && strings.Contains(text, "json.exception.parse_error") {
		e.Lock.Kind = LockSyntax
	}
	if m := lockVersionRE.FindStringSubmatch(text); m != nil {
		e.Lock.Kind = LockVersion
		e.Lock.Version, _ = strconv.Atoi(m[1])
	}
	if e.Lock.Input == "" && t.LockFile != "" {
		if named != nil {
			e.Message = strings.Replace(e.Message, named[1], t.LockFile, 1)
		}
		e.readLock(t, named != nil || e.locking)
	}
}

// readLock looks into the flake's own lock file. If Nix named no lock file and the flake's is
// intact, the fault is elsewhere.
func (e *EvalError) readLock(t flaketree.Tree, named bool) {
	text := t.Text(t.LockFile)
	by, line := flaketree.SpoilerOf(text)
	bad, at := badJSON(text)
	switch {
	case strings.TrimSpace(text) == "" && emptyRE.MatchString(e.Message):
		e.Lock.Kind = LockEmpty
	case by != "":
		e.Spoiled = &flaketree.Spoiled{Place: result.Location{File: t.LockFile, Line: line}, By: by}
	case bad && text != "":
		e.Lock.Kind, line = LockSyntax, at
	case e.Lock.Kind == LockVersion:
		line = lineOf(text, `"version"`)
	case !named && (text == "" || strings.HasPrefix(strings.TrimSpace(text), "{") && !strings.Contains(e.Message, "type_error")):
		e.Lock = nil
		return
	}
	e.Place = result.Location{File: t.LockFile, Line: line}
}

// badJSON reports whether a text is not JSON, and the line where that shows.
func badJSON(text string) (bad bool, line int) {
	text = strings.TrimPrefix(text, "\ufeff")
	var syntax *json.SyntaxError
	var document json.RawMessage
	d := json.NewDecoder(strings.NewReader(text))
	err := d.Decode(&document)
	if err == nil && strings.TrimSpace(text[d.InputOffset():]) == "" {
		return false, 0
	}
	rest := strings.TrimLeft(text[d.InputOffset():], " \t\r\n")
	at := int64(len(text) - len(rest) + 1)
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case err != nil: // it ends too early
		at = int64(len(text))
	}
	before := []byte(text)[:min(max(at-1, 0), int64(len(text)))]
	return true, bytes.Count(before, []byte{'\n'}) + 1
}

// lockedAt returns the line of the lock file that contains one of the texts, such as a hash. File
// is empty if no line does.
func lockedAt(t flaketree.Tree, texts []string) result.Location {
	lock := t.Text(t.LockFile)
	for _, text := range texts {
		if line := lineOf(lock, `"`+text+`"`); line > 0 {
			return result.Location{File: t.LockFile, Line: line}
		}
	}
	return result.Location{}
}

// lineOf returns the first line with a text, or 0.
func lineOf(text, what string) int {
	before, _, found := strings.Cut(text, what)
	if !found {
		return 0
	}
	return strings.Count(before, "\n") + 1
}
