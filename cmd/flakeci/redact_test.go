package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
)

const testToken = "job0token1secret2"

func holding(env ...string) *App {
	a := &App{Env: env, Stdout: io.Discard, Stderr: io.Discard}
	a.secrets.AddEnvironment(a.Env)
	a.secrets.AddArguments(a.Args)
	return a
}

// Whichever string of a report contains a token, no form of the report shows it.
func TestNoFormOfAReportShowsASecret(t *testing.T) {
	a := holding("GITHUB_TOKEN=" + testToken)
	var r result.Report
	fill(reflect.ValueOf(&r).Elem(), 0)
	if before := written(t, result.WriteJSON, r); strings.Count(before, testToken) < 40 {
		t.Fatalf("the report holds too few tokens: %s", before)
	}
	r, err := redact.Value(&a.secrets, r)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(log, []byte("a log with "+testToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Causes[0].Log = filepath.Base(log)
	writers := map[string]func(io.Writer, result.Report) error{
		"outputs": github.WriteOutputs,
		"table":   func(w io.Writer, r result.Report) error { return table.Write(w, r, table.Options{Width: 80}) },
		"diff":    func(w io.Writer, r result.Report) error { return table.WriteDiff(w, r, table.Options{}) },
	}
	d := delivery{artifacts: filepath.Dir(log)}
	for _, form := range forms.All() {
		writers[form.Flag] = func(w io.Writer, r result.Report) error { return form.Write(w, r, a.formOptions(d)) }
	}
	for name, write := range writers {
		if text := written(t, write, r); strings.Contains(text, testToken) {
			t.Errorf("%s shows the token: %s", name, text)
		} else if name == "html" && !strings.Contains(text, "a log with ***") {
			t.Error("HTML lacks the log")
		}
	}
}

// A report without secrets stays the same.
func TestReportsStayWhatTheyAre(t *testing.T) {
	a := holding("GITHUB_TOKEN=" + testToken)
	inputs, err := filepath.Glob("../../reports/testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		r, err := result.ReadJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		safe, err := redact.Value(&a.secrets, r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := written(t, result.WriteJSON, safe), written(t, result.WriteJSON, r); got != want {
			t.Errorf("%s became %s", input, got)
		}
	}
}

// No secret is printed, even with color sequences in it.
func TestNoSecretIsSaid(t *testing.T) {
	var said bytes.Buffer
	a := &App{Stderr: &said, Env: []string{"CACHIX_AUTH_TOKEN=" + testToken}, Args: []string{"run", "--option", "access-tokens", "h=" + testToken + "x"}}
	a.secrets.AddEnvironment(a.Env)
	a.secrets.AddArguments(a.Args)
	a.printf("no: %s", testToken)
	a.printf("no: job0\x1b[0mtoken1secret2")
	a.messages().Raw("✘ " + testToken + "x\n")
	if got, want := said.String(), "flakeci: no: ***\nflakeci: no: ***\n✘ ***\n"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func written(t *testing.T, write func(io.Writer, result.Report) error, r result.Report) string {
	t.Helper()
	var out strings.Builder
	if err := write(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// fill puts a token into every string, and one element into every list.
func fill(v reflect.Value, depth int) {
	if depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x " + testToken + " y")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(value, depth+1)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	}
}
