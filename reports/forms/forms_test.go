package forms

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/result"
)

func TestFilesCheck(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		files Files
		want  string // in the error; empty for none
	}{
		{Files{}, ""},
		{Files{"json": "-", "junit": "a.xml", "html": "b/../a.html"}, ""},
		{Files{"json": "-", "markdown": "-"}, "--json and --markdown cannot both go to stdout"},
		{Files{"json": "x/../a", "html": "a"}, "--json and --html cannot both go to a"},
		{Files{"trace": dir}, "--trace takes a file, but " + dir + " is a folder"},
	} {
		got := ""
		if err := tt.files.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.files, got, tt.want)
		}
	}
}

// One form that panics, or has nowhere to go, takes no other with it.
func TestWriteLosesOnlyWhatFails(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "report.html")
	err := Write(result.Report{Verdict: result.VerdictPassed}, Options{
		Files:   Files{"json": "-", "html": page, "junit": filepath.Join(dir, "file", "junit.xml"), "trace": filepath.Join(dir, "trace.json")},
		Outputs: output.New(""), Stdout: &out,
		HTML: func() html.Options { panic(errors.New("boom")) },
	})
	if err == nil || !strings.Contains(err.Error(), "the report "+page+": flakeci crashed: boom") || !strings.Contains(err.Error(), "cannot write the report: ") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("half a page was written")
	}
	if _, err := os.Stat(filepath.Join(dir, "trace.json")); err != nil {
		t.Error(err)
	}
	if r, err := result.ReadJSON(&out); err != nil || r.Verdict != result.VerdictPassed {
		t.Errorf("stdout has %+v, %v", r, err)
	}
}
