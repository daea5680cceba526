package sample

import (
	"bytes"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// EveryReport checks what a form promises of any report: those in reports/testdata, random
// ones, ones full of hostile texts, and one with a line of five megabytes.
func EveryReport(t *testing.T, check func(t *testing.T, r result.Report)) {
	t.Run("inputs", func(t *testing.T) {
		t.Parallel()
		EachInput(t, func(t *testing.T, _ string, r result.Report) { check(t, r) })
		check(t, Bump())
	})
	t.Run("random", func(t *testing.T) {
		t.Parallel()
		fine := func(r Report) bool {
			check(t, r.Report)
			return !t.Failed()
		}
		if err := quick.Check(fine, &quick.Config{MaxCount: 200}); err != nil {
			t.Error(err)
		}
	})
	t.Run("hostile", func(t *testing.T) {
		t.Parallel()
		lanes.Heavy(t, "takes some seconds")
		hostile(t, check)
	})
	t.Run("long line", func(t *testing.T) {
		t.Parallel()
		r := Input(t, "failed")
		r.Causes[0].LogTail = "before\n" + strings.Repeat("\x1b[31mx\x1b]", 5<<20/7) + "\nafter"
		began := time.Now()
		check(t, r)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func hostile(t *testing.T, check func(t *testing.T, r result.Report)) {
	t.Helper()
	texts := HostileTexts(t)
	if len(texts) < 100 {
		t.Fatalf("the corpus has only %d texts", len(texts))
	}
	texts = append(texts, strings.Join(texts, "\n"))
	kinds := slices.Sorted(maps.Keys(HostileReports("")))
	for i, text := range texts {
		for k, name := range kinds {
			// Texts and kinds of report take turns: all combinations take a minute.
			if name != "every word" && k%3 != i%3 {
				continue
			}
			if check(t, HostileReports(text)[name]); t.Failed() {
				t.Fatalf("%s: %q", name, text)
			}
		}
	}
}

// HugeLogs checks that a log without end takes neither memory nor time without end, and is
// cut in the form.
func HugeLogs(t *testing.T, write func(io.Writer, result.Report) error) {
	t.Parallel()
	for _, text := range []string{"@everyone `x` <!-- ", "::error::\n", "\x1b]8;;"} {
		r := Input(t, "base")
		long := strings.Repeat(text, 10<<20/len(text))
		r.Causes[0].LogTail, r.Causes[1].Title = long, long
		began := time.Now()
		if out := Written(t, write, r); len(out) > 400_000 {
			t.Errorf("%q without end takes %d bytes", text, len(out))
		}
		// It takes a tenth of this, unless the race detector runs beside other tests.
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%q took %v", text, took)
		}
	}
}

// Fuzz checks what a form promises of reports made of any texts, and of any report that can
// be read.
func Fuzz(f *testing.F, check func(t *testing.T, r result.Report)) {
	for _, seed := range []string{
		"a", "\x1b[31m", "]]>", "::error::", "\u202e", "\xff", "\uFFFE", "{\n",
		`{"schema": "flakeci.report/v1", "cells": [{"phases": null}], "started": "2026-01-01T00:00:00Z"}`,
	} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, name, note, log string) {
		if r, err := result.ReadJSON(strings.NewReader(log)); err == nil {
			check(t, r)
		}
		id := "nixos/" + name
		check(t, result.Report{
			Flake: result.Flake{Ref: name, Rev: note},
			Grid:  result.Grid{Hosts: []string{name}, Users: []string{note}},
			Cells: []result.Cell{
				{ID: id, Kind: "nixos", Host: name, Status: result.Failed, Phases: []result.Phase{{Name: result.ParsePhaseName(note), Status: result.Failed, Log: log}}},
				{ID: "home/" + note, Kind: "home", User: note, Status: result.Skipped, Note: note},
				{ID: "x/" + note, Kind: name, Status: result.Status(note)},
			},
			Causes: []result.Cause{
				{Kind: result.CauseKind(note), Title: name, Message: log, Hint: note, LogTail: log, Log: name, Cells: []string{id}, Location: &result.Location{File: note}},
				{Title: log},
			},
		})
	})
}

// CheckTerminal fails if a text could do more than be read, to a terminal or to GitHub's
// runner.
func CheckTerminal(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") {
		t.Errorf("not a text: %q", text)
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Fatalf("%q in %q", r, text)
		}
	}
	CheckCommands(t, text)
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

// CheckCommands fails if GitHub's runner would do more with a text on stdout than show it.
func CheckCommands(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a command to the runner: %q", line)
		}
	}
}

// CheckJSON fails unless the JSON of a report is safe on a terminal and holds all of the
// report.
func CheckJSON(t *testing.T, r result.Report) {
	t.Helper()
	text := Written(t, result.WriteJSON, r)
	CheckTerminal(t, string(text))
	read, err := result.ReadJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("json: %v", err)
	}
	again, err := result.ReadJSON(bytes.NewReader(Written(t, result.WriteJSON, read)))
	if err != nil || !reflect.DeepEqual(again, read) {
		t.Errorf("json: writing and reading changes the report (%v)", err)
	}
}
