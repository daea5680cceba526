package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// WriteJSON writes the report as indented JSON: the same bytes for the same report, with an
// empty list in place of null.
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

// inert escapes what a terminal or GitHub's runner would act on if someone printed the JSON.
// The values stay the same, since all of it is inside strings.
func inert(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("##["), []byte(`#\u0023[`))
	if !bytes.ContainsFunc(data, isInvisible) {
		return data
	}
	var out bytes.Buffer
	for _, r := range string(data) {
		switch {
		case !isInvisible(r):
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

func isInvisible(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// maxReport is the longest report that ReadJSON reads, in bytes. The report of a fleet of
// 500 failing hosts takes a few megabytes.
const maxReport = 256 << 20

// ErrTooLong is in the error of [ReadJSON] if the input is longer than any report.
var ErrTooLong = errors.New("longer than any report")

// ReadJSON reads what [WriteJSON] wrote, and ignores fields that a newer flakeci added. It adds
// the keys that causes of an older flakeci lack, and derives a missing verdict from the cells and
// causes. The error is a [*FormatError] if the input is not a report, a [*SchemaError] if it is
// JSON of another schema, and [ErrTooLong] if it exceeds 256 MiB.
func ReadJSON(r io.Reader) (Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err == nil && len(data) > maxReport {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLong, maxReport)
	}
	if err != nil {
		return Report{}, fmt.Errorf("read JSON report: %w", err)
	}
	var report Report
	if err := json.Unmarshal(data, &report); err != nil || report.Schema != Schema {
		return Report{}, notAReport(data, err)
	}
	if report.Verdict == "" {
		report.Verdict = VerdictOf(report.Cells, report.Causes, false)
	}
	for i, c := range report.Causes {
		report.Causes[i].Key = c.StableKey()
	}
	return withLists(report), nil
}

// notAReport says why data could not be read as a report. In another schema a cell may look
// different, and naming the schema is a better answer than naming a field that does not fit.
func notAReport(data []byte, err error) error {
	var head struct {
		Schema any `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return formatError(data, err)
	}
	if head.Schema != Schema {
		return schemaError(head.Schema)
	}
	return formatError(data, err)
}

// withLists replaces nil lists by empty ones, so that readers of the JSON can loop over them
// without a check.
func withLists(r Report) Report {
	r.Grid.Hosts = orEmpty(r.Grid.Hosts)
	r.Grid.Users = orEmpty(r.Grid.Users)
	r.Grid.Orphans = orEmpty(r.Grid.Orphans)
	r.Grid.Rows = append([]Row{}, r.Grid.Rows...)
	for i := range r.Grid.Rows {
		r.Grid.Rows[i].Cells = orEmpty(r.Grid.Rows[i].Cells)
	}
	r.Cells = append([]CellResult{}, r.Cells...)
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

// formatError finds the place in the data that encoding/json rejects.
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
