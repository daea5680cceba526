package result_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

func TestJSONRoundTrip(t *testing.T) {
	same := func(any sample.Report) bool {
		r := any.Report
		if r.Verdict == "" {
			r.Verdict = result.VerdictOf(r.Cells, r.Causes, false)
		}
		var first, second bytes.Buffer
		if err := result.WriteJSON(&first, r); err != nil {
			t.Fatal(err)
		}
		read, err := result.ReadJSON(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := result.WriteJSON(&second, read); err != nil {
			t.Fatal(err)
		}
		return reflect.DeepEqual(read, r) && bytes.Equal(first.Bytes(), second.Bytes())
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 200}); err != nil {
		t.Error(err)
	}
}

func TestWriteJSONHasLists(t *testing.T) {
	var out bytes.Buffer
	r := result.Report{Cells: []result.CellResult{{Cell: result.Cell{ID: "nixos/<a&b>"}}}, Causes: []result.Cause{{ID: "c1"}}}
	if err := result.WriteJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "null") || !strings.Contains(s, "nixos/<a&b>") {
		t.Errorf("null or escaped HTML in %s", s)
	}
	if r.Cells[0].Phases != nil {
		t.Error("result.WriteJSON changed the report it was given")
	}
	if !strings.Contains(out.String(), `"schema": "flakeci.report/v1"`) {
		t.Error("no schema in a report that was made without one")
	}
}

func TestWriteJSONRefusesWhatJSONCannotHold(t *testing.T) {
	if err := result.WriteJSON(new(bytes.Buffer), result.Report{Duration: math.NaN()}); err == nil {
		t.Error("a duration that is not a number was written")
	}
}

func TestReadJSONIsTolerant(t *testing.T) {
	r, err := result.ReadJSON(strings.NewReader(`{"schema": "flakeci.report/v1", "weather": {"rain": true},
		"cells": [{"id": "nixos/a", "status": "passed", "mood": 1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.Cells[0].ID != "nixos/a" || r.Causes == nil || r.Cells[0].Phases == nil {
		t.Errorf("read %+v", r)
	}
	if r.Verdict != result.VerdictPassed {
		t.Errorf("without a verdict it is %q", r.Verdict)
	}
}

func TestReadJSONSchemas(t *testing.T) {
	for in, want := range map[string]result.SchemaError{
		`{}`:                               {},
		`{"schema": 7}`:                    {},
		`{"schema": "flakeci.report/v2"}`:  {"flakeci.report/v2", true},
		`{"schema": "flakeci.report/v0"}`:  {"flakeci.report/v0", false},
		`{"schema": "flakeci.report/vX"}`:  {"flakeci.report/vX", false},
		`{"schema": "flakeci.matrix/v1"}`:  {"flakeci.matrix/v1", false},
		`{"schema": "other", "cells": {}}`: {"other", false},
	} {
		_, err := result.ReadJSON(strings.NewReader(in))
		var got *result.SchemaError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %#v, want %#v", in, err, want)
			continue
		}
		if want.Schema != "" && !strings.Contains(err.Error(), want.Schema) {
			t.Errorf("%s: the schema is not in %q", in, err)
		}
	}
}

func TestReadJSONFaults(t *testing.T) {
	for in, place := range map[string]string{
		"":                           "1:1",
		"flakeci: error":             "1:2",
		"{\n  \"schema\": nix\n}":    "2:14",
		"[]":                         "1:1",
		"{\"schema\":":               "1:10",
		"{\"schema\": \"x\"}\n\nand": "3:1",
		"{\"schema\": \"flakeci.report/v1\",\n \"cells\": [{\"id\": 7}]}": "2:19",
	} {
		_, err := result.ReadJSON(strings.NewReader(in))
		var got *result.FormatError
		if !errors.As(err, &got) {
			t.Errorf("%q: got %v", in, err)
			continue
		}
		if at := fmt.Sprintf("%d:%d", got.Line, got.Column); at != place {
			t.Errorf("%q: at %s, want %s (%v)", in, at, place, err)
		}
	}
}

// A checkout may contain a link to a device.
func TestAReportWithoutEnd(t *testing.T) {
	if _, err := result.ReadJSON(endless{}); !errors.Is(err, result.ErrTooLong) {
		t.Errorf("error is %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, sample.CheckJSON) }

func FuzzWriteJSON(f *testing.F) { sample.Fuzz(f, sample.CheckJSON) }

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"schema": "flakeci.report/v1", "cells": [{"phases": null}], "started": "2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"schema": "flakeci.report/v9"}`))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := result.ReadJSON(bytes.NewReader(data))
		if err != nil {
			var format *result.FormatError
			var schema *result.SchemaError
			if !errors.As(err, &format) && !errors.As(err, &schema) {
				t.Fatalf("untyped error %v", err)
			}
			if format != nil && (format.Line < 1 || format.Column < 1) {
				t.Fatalf("no place in %+v", format)
			}
			return
		}
		sample.CheckJSON(t, r)
	})
}
