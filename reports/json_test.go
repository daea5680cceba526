package reports

import (
	"bytes"
	"errors"
	"testing"

	"github.com/flakeci/flakeci/result"
)

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
		checkEverySink(t, r)
	})
}
