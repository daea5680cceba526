package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"github.com/flakeci/flakeci/internal/safefile"
)

// WriteJSON writes the report in its JSON form: indented, the same bytes for
// the same report, with a list where there is nothing too.
func WriteJSON(w io.Writer, r Report) error {
	if r.Schema == "" {
		r.Schema = Schema
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(withLists(r)); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	if _, err := w.Write(inert(out.Bytes())); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// inert escapes what a terminal or GitHub's runner would act on, should the JSON
// be shown. Its values stay what they are: all of it stands in strings.
func inert(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("##["), []byte(`#\u0023[`))
	if !bytes.ContainsFunc(data, isUnseen) {
		return data
	}
	var out bytes.Buffer
	for _, r := range string(data) {
		switch {
		case !isUnseen(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes()
}

func isUnseen(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// mostReport is the longest report that is read, in bytes. That of a fleet of 500
// hosts, all of them failing, has some MB.
const mostReport = 256 << 20

// ReadJSON reads what [WriteJSON] wrote, also when a later flakeci added fields
// to it. The error is a [*FormatError] if it cannot be read as a report, a
// [*SchemaError] if it is JSON of another schema.
func ReadJSON(r io.Reader) (Report, error) {
	data, err := safefile.All(r, mostReport)
	if err != nil {
		return Report{}, fmt.Errorf("read JSON report: %w", err)
	}
	// The schema comes first: what another schema calls a cell need not look
	// like ours, and its name is a better answer than a field that does not fit.
	var head struct {
		Schema any `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Report{}, formatError(data, err)
	}
	if head.Schema != Schema {
		return Report{}, schemaError(head.Schema)
	}
	var report Report
	if err := json.Unmarshal(data, &report); err != nil {
		return Report{}, formatError(data, err)
	}
	return withLists(report), nil
}

// withLists returns the report with an empty list for each nil one, so that
// whoever reads the JSON can loop over it without asking first.
func withLists(r Report) Report {
	r.Grid.Hosts = orEmpty(r.Grid.Hosts)
	r.Grid.Users = orEmpty(r.Grid.Users)
	r.Grid.Orphans = orEmpty(r.Grid.Orphans)
	r.Grid.Rows = append([]Row{}, r.Grid.Rows...)
	for i := range r.Grid.Rows {
		r.Grid.Rows[i].Cells = orEmpty(r.Grid.Rows[i].Cells)
	}
	r.Cells = append([]Cell{}, r.Cells...)
	for i := range r.Cells {
		r.Cells[i].Phases = orEmpty(r.Cells[i].Phases)
	}
	r.Causes = append([]Cause{}, r.Causes...)
	for i := range r.Causes {
		r.Causes[i].Cells = orEmpty(r.Causes[i].Cells)
	}
	r.Warnings, r.NotTested = orEmpty(r.Warnings), orEmpty(r.NotTested)
	return r
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// formatError finds the place in the data that encoding/json complains of.
func formatError(data []byte, err error) *FormatError {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(len(data))
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return newFormatError(data, offset, err)
}
