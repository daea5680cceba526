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

// EveryReport runs a check on many reports: those in reports/testdata, random ones, ones full of
// hostile texts, and one with a line of five megabytes.
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
		long := strings.Repeat("\x1b[31mx\x1b]", 5<<20/7)
		r.Causes[0].LogTail = "before\n" + long + "\nafter"
		r.Causes[1].Excerpt = &result.Excerpt{FirstLine: 1, Lines: append(slices.Repeat([]string{long}, 4), make([]string, 100_000)...)}
		began := time.Now()
		check(t, r)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// hostile runs a check on reports full of hostile texts.
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
			// Texts and kinds of report take turns, since all combinations would take a minute.
			if name != "every word" && k%3 != i%3 {
				continue
			}
			if check(t, HostileReports(text)[name]); t.Failed() {
				t.Fatalf("%s: %q", name, text)
			}
		}
	}
}

// HugeLogs checks that a huge log is shortened, and takes neither much memory nor much time.
func HugeLogs(t *testing.T, write func(io.Writer, result.Report) error) {
	t.Parallel()
	for _, text := range []string{"@everyone `x` <!-- ", "::error::\n", "\x1b]8;;"} {
		r := Input(t, "base")
		long := strings.Repeat(text, 10<<20/len(text))
		r.Causes[0].LogTail, r.Causes[1].Title = long, long
		r.Causes[0].Location, r.Causes[0].Excerpt = &result.Location{File: "a.nix", Line: 2, Column: len(long)}, &result.Excerpt{FirstLine: 1, Lines: []string{long, long, long}}
		began := time.Now()
		if out := Written(t, write, r); len(out) > 400_000 {
			t.Errorf("a huge log of %q takes %d bytes", text, len(out))
		}
		// It takes a tenth of this, except with the race detector on a busy machine.
		if took := time.Since(began); took > time.Minute {
			t.Errorf("a huge log of %q took %v", text, took)
		}
	}
}

// Fuzz runs a check on reports made of random texts, and on every report that can be read.
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
			Cells: []result.CellResult{
				{Cell: result.Cell{ID: id, Kind: "nixos", Host: name}, Status: result.Failed, Phases: []result.Phase{{Name: result.ParsePhaseName(note), Status: result.Failed, Log: log}}},
				{Cell: result.Cell{ID: "home/" + note, Kind: "home", User: note}, Status: result.Skipped, Note: note},
				{Cell: result.Cell{ID: "x/" + note, Kind: result.Kind(name)}, Status: result.Status(note)},
			},
			Causes: []result.Cause{
				{Kind: result.CauseKind(note), Title: name, Message: log, Hint: note, LogTail: log, Log: name, Cells: []string{id}, Location: &result.Location{File: note}},
				{Title: log, Location: &result.Location{File: name, Line: 3, Column: len(note)}, Excerpt: &result.Excerpt{FirstLine: 2, Lines: []string{note, log, name, note}}},
			},
		})
	})
}

// CheckTerminal fails if a terminal or GitHub's runner would act on a text.
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
			t.Errorf("spaces at the end of %q", line)
		}
	}
}

// CheckCommands fails if GitHub's runner would take a line of a text for a command.
func CheckCommands(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a command to the runner: %q", line)
		}
	}
}

// CheckJSON fails unless the JSON of a report is safe on a terminal and complete.
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
