package reports

import (
	"io"
	"testing"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/junit"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/reports/trace"
	"github.com/flakeci/flakeci/result"
)

// Each form of a report is recognized by its beginning, whatever it contains.
func TestIsReport(t *testing.T) {
	forms := map[string]func(io.Writer, result.Report) error{
		"JSON": result.WriteJSON, "JUnit": junit.Write, "trace": trace.Write,
		"markdown": func(w io.Writer, r result.Report) error {
			return markdown.Write(w, r, markdown.Options{File: true})
		},
		"HTML": func(w io.Writer, r result.Report) error { return html.Write(w, r, html.Options{}) },
	}
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		for form, write := range forms {
			text := sample.Written(t, write, r)
			if !IsReport(text[:min(len(text), 4<<10)]) {
				t.Errorf("%s is not recognized: %.200q", form, text)
			}
		}
	})
	for _, text := range []string{
		"", "{}", "ssh-ed25519 AAAA me\n", "{ outputs = { self }: { }; }", "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">",
		`{"name": "flakeci.report/v1"}`, `{"displayTimeUnit":"ms","traceEvents":[]}`, `<testsuites name="other">`,
		"# flakeci\n", "mine\n<!-- flakeci report -->\n",
	} {
		if IsReport([]byte(text)) {
			t.Errorf("%q is taken for a report", text)
		}
	}
}
