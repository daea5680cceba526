package result

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// FormatError says that the input is not JSON, or has a value that no report has.
type FormatError struct {
	Offset int64 // bytes read when the fault was found
	Line   int   // counts from 1
	Column int   // in bytes, counts from 1
	Err    error // what encoding/json says
}

// Error names the place and what is wrong there.
func (e *FormatError) Error() string {
	return fmt.Sprintf("not a report: line %d, column %d: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the decoder's own error.
func (e *FormatError) Unwrap() error { return e.Err }

func newFormatError(data []byte, offset int64, err error) *FormatError {
	// The decoder counts the offending byte as read.
	before := data[:max(0, min(offset, int64(len(data)))-1)]
	return &FormatError{
		Offset: offset,
		Line:   1 + bytes.Count(before, []byte("\n")),
		Column: len(before) - bytes.LastIndexByte(before, '\n'),
		Err:    err,
	}
}

// SchemaError says that the input is JSON of a schema other than [Schema].
type SchemaError struct {
	Schema string // as the file names it; empty if it names none
	Newer  bool   // the report is from a newer flakeci than this one
}

// Error says what was found and what was expected.
func (e *SchemaError) Error() string {
	switch {
	case e.Schema == "":
		return "not a report: it names no schema, expected " + Schema
	case e.Newer:
		return fmt.Sprintf("the report has the newer schema %q, this flakeci reads %s", e.Schema, Schema)
	}
	return fmt.Sprintf("not a report: it has the schema %q, expected %s", e.Schema, Schema)
}

func schemaError(found any) *SchemaError {
	name, _ := found.(string)
	family, ours, _ := strings.Cut(Schema, "/v")
	other, version, _ := strings.Cut(name, "/v")
	theirs, err := strconv.Atoi(version)
	own, _ := strconv.Atoi(ours)
	return &SchemaError{Schema: name, Newer: family == other && err == nil && theirs > own}
}
