package nix

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// Numbers of Nix's internal-json log, from its src/libutil/logging.hh.
const (
	activityBuilds = 104 // all that are done and to do
	activityBuild  = 105
	resultLogLine  = 101
	resultProgress = 105
	levelError     = 0
	resultPostHook = 107
)

// record is one line of `--log-format internal-json`, without its "@nix "
// prefix. Fields that a version adds are ignored, those it lacks stay zero.
type record struct {
	Action string            `json:"action"`
	ID     uint64            `json:"id"`
	Type   int               `json:"type"`
	Level  int               `json:"level"`
	Fields []json.RawMessage `json:"fields"`
	Msg    string            `json:"msg"`
	RawMsg string            `json:"raw_msg"`
	position
	Trace []traceRecord `json:"trace"`
}

type traceRecord struct {
	RawMsg string `json:"raw_msg"`
	position
}

// position is a place in a Nix file. Newer versions append :LINE:COLUMN to the
// file, and any of the three may be null.
type position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

var recordPrefix = []byte("@nix ")

// parseRecord decodes a line of stderr. ok is false for a line that is no
// record: text of a crash handler, of ssh, of a builder's child.
func parseRecord(line []byte) (r record, ok bool) {
	rest, found := bytes.CutPrefix(line, recordPrefix)
	if !found {
		return record{}, false
	}
	// A field that changed its type is left out and the rest still read.
	var typeErr *json.UnmarshalTypeError
	if err := json.Unmarshal(rest, &r); err != nil && !errors.As(err, &typeErr) {
		return record{}, false
	}
	return r, true
}

// isError says whether the record is an error message. What a flake prints with
// builtins.trace has the same level; its text begins with "trace:".
func (r record) isError() bool {
	return r.Action == "msg" && r.Level == levelError &&
		(r.RawMsg != "" || strings.HasPrefix(stripSGR(r.Msg), "error:"))
}

// plainError is the error in a line that is no record: a signal handler and
// what comes before the log is set up do not speak JSON.
func plainError(line []byte) (string, bool) {
	text := stripSGR(string(bytes.TrimSpace(line)))
	return strings.CutPrefix(text, "error: ")
}

// text is the message of a msg record without colours and without "error:".
func (r record) text() string {
	msg := r.RawMsg
	if msg == "" {
		msg = r.Msg
	}
	msg = strings.TrimSpace(stripSGR(msg))
	return strings.TrimSpace(strings.TrimPrefix(msg, "error:"))
}

// field is the i-th field if it is a string, else "".
func (r record) field(i int) string {
	var s string
	if i < len(r.Fields) && json.Unmarshal(r.Fields[i], &s) != nil {
		return ""
	}
	return s
}

// count is the i-th field if it is a number, else 0.
func (r record) count(i int) int {
	var n int
	if i < len(r.Fields) && json.Unmarshal(r.Fields[i], &n) != nil {
		return 0
	}
	return n
}

// Nix colours its messages with SGR sequences and nothing else; what builders
// print is cleaned by whoever shows it.
var sgrRE = regexp.MustCompile("\x1b\\[[0-9;]*m")

func stripSGR(s string) string { return sgrRE.ReplaceAllString(s, "") }

// A message longer than longestMessage is cut to keptOfMessage bytes before anything is
// made of it: to mask what is secret in 8 MiB took 6 s, and a flake may throw any text.
const (
	longestMessage = 1 << 20
	keptOfMessage  = 64 << 10
)

var messagePrefix = []byte(`@nix {"action":"msg"`)

// shorten cuts the texts of a message that is too long. Any other line stays as it is:
// the log of a builder is kept whole.
func shorten(line []byte) []byte {
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
			fields[name] = strings.ToValidUTF8(text[:keptOfMessage], "") + proc.CutMark
		}
	}
	short, err := json.Marshal(fields)
	if err != nil {
		return line
	}
	return append(slices.Clip(recordPrefix), short...)
}
