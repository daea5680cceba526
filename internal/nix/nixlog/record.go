// Package nixlog parses what Nix prints on standard error.
package nixlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
)

// Numbers in Nix's internal-json log, from its src/libutil/logging.hh.
const (
	activityCopy     = 100 // of the path in the first field
	activityDownload = 101
	activityBuilds   = 104 // counts all builds, finished or not
	activityBuild    = 105
	activityResolved = 111 // one derivation takes the place of another, see resolved
	resultLogLine    = 101
	resultProgress   = 105
	resultPostHook   = 107
	levelError       = 0
	levelWarning     = 1
)

// MaxRecord is the length of the longest record that is read, in bytes. A line of several
// megabytes in a builder's log is one record.
const MaxRecord = 64 << 20

// record is one line of `--log-format internal-json`, without its "@nix " prefix. It ignores
// fields that other versions add; those that they lack stay zero.
type record struct {
	Action string            `json:"action"`
	ID     uint64            `json:"id"`
	Type   int               `json:"type"`
	Level  int               `json:"level"`
	Text   string            `json:"text"`
	Fields []json.RawMessage `json:"fields"`
	Msg    string            `json:"msg"`
	RawMsg string            `json:"raw_msg"`
	flaketree.Position
	Trace []traceRecord `json:"trace"`
}

type traceRecord struct {
	RawMsg string `json:"raw_msg"`
	flaketree.Position
}

var recordPrefix = []byte("@nix ")

// IsRecord reports whether a line is written as a record.
func IsRecord(line string) bool { return strings.HasPrefix(line, string(recordPrefix)) }

// parseRecord decodes a line. ok is false for a line that is not a record, such as the
// text of a crash handler, of ssh or of a builder's child.
func parseRecord(line []byte) (r record, ok bool) {
	rest, found := bytes.CutPrefix(line, recordPrefix)
	if !found {
		return record{}, false
	}
	// This skips a field of an unexpected type and still reads the rest.
	var typeErr *json.UnmarshalTypeError
	if err := json.Unmarshal(rest, &r); err != nil && !errors.As(err, &typeErr) {
		return record{}, false
	}
	return r, true
}

// isError reports whether the record is an error message. What a flake prints with
// builtins.trace has the same level, but its text begins with "trace:".
func (r record) isError() bool {
	return r.Action == "msg" && r.Level == levelError &&
		(r.RawMsg != "" || strings.HasPrefix(stripSGR(r.Msg), "error:"))
}

// plainError returns the error in a line that is not a record. Signal handlers write plain
// text, and so does Nix before its log is set up.
func plainError(line []byte) (string, bool) {
	text := stripSGR(string(bytes.TrimSpace(line)))
	return strings.CutPrefix(text, "error: ")
}

// text returns the message of a msg record without colors and without "error:".
func (r record) text() string {
	msg := r.RawMsg
	if msg == "" {
		msg = r.Msg
	}
	msg = strings.TrimSpace(stripSGR(msg))
	return strings.TrimSpace(strings.TrimPrefix(msg, "error:"))
}

// stringField returns the i-th field if it is a string, else "".
func (r record) stringField(i int) string {
	var s string
	if i < len(r.Fields) && json.Unmarshal(r.Fields[i], &s) != nil {
		return ""
	}
	return s
}

// intField returns the i-th field if it is a number, else 0.
func (r record) intField(i int) int {
	var n int
	if i < len(r.Fields) && json.Unmarshal(r.Fields[i], &n) != nil {
		return 0
	}
	return n
}

// Nix itself uses no escape sequences but SGR, for colors. Clean the output of a builder
// before you show it.
var sgrRE = regexp.MustCompile("\x1b\\[[0-9;]*m")

func stripSGR(s string) string { return sgrRE.ReplaceAllString(s, "") }

// The texts of a message longer than longestMessage are cut to keptOfMessage bytes before
// they are used: masking secrets in 8 MiB took 6 s, and a flake can throw a text of any
// length.
const (
	longestMessage = 1 << 20
	keptOfMessage  = 64 << 10
)

var messagePrefix = []byte(`@nix {"action":"msg"`)

// Shorten cuts the texts of a message that is too long, and ends each with a mark. It leaves every
// other line alone, so a builder's log stays whole.
func Shorten(line []byte, mark string) []byte {
	if len(line) <= longestMessage || !bytes.HasPrefix(line, messagePrefix) {
		return line
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(line[len(recordPrefix):]))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return line
	}
	for name, value := range fields {
		if text, ok := value.(string); ok && len(text) > keptOfMessage {
			fields[name] = strings.ToValidUTF8(text[:keptOfMessage], "") + mark
		}
	}
	short, err := json.Marshal(fields)
	if err != nil {
		return line
	}
	return append(slices.Clip(recordPrefix), short...)
}
