package main

import (
	"errors"
	"fmt"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// exit CODE COMMAND… runs a command that must end with this exit code; the commands stdout
// and stderr see its output.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// limit MIN COMMAND… sets $LIMIT to a time limit that work like the command's does not exceed
// on this machine, however busy it is: MIN if that is long enough. The command may fail.
func limit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: limit MIN COMMAND…")
	}
	minimum, err := time.ParseDuration(args[0])
	ts.Check(err)
	var exit *exec.ExitError
	limit := lanes.Limit(minimum, func() {
		if err := ts.Exec(args[1], args[2:]...); err != nil && !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
	})
	ts.Setenv("LIMIT", limit.String())
}

func readReport(ts *testscript.TestScript, file string) result.Report {
	f, err := os.Open(ts.MkAbs(file))
	ts.Check(err)
	defer f.Close()
	r, err := result.ReadJSON(f)
	ts.Check(err)
	return r
}

// verdict FILE VERDICT checks a report's verdict.
func verdictIs(ts *testscript.TestScript, _ bool, args []string) {
	if r := readReport(ts, args[0]); string(r.Verdict) != args[1] {
		ts.Fatalf("verdict %s, want %s", r.Verdict, args[1])
	}
}

// warned FILE TEXT ID… checks the cells that a report has a warning for.
func warned(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	i := slices.IndexFunc(r.Warnings, func(w result.Warning) bool { return w.Text == args[1] })
	if i < 0 {
		ts.Fatalf("no warning %q among %q", args[1], r.Warnings)
	}
	if got := r.Warnings[i].Cells; !slices.Equal(got, args[2:]) {
		ts.Fatalf("%q is for %q, want %q", args[1], got, args[2:])
	}
}

// cell FILE ID STATUS [how=HOW] [same_as=ID] [note=TEXT] [part_of=ID] [host=NAME] [flaky=true] checks
// a cell of a report. "! cell FILE ID" expects no such cell. The status may be a list a|b.
func cellIs(ts *testscript.TestScript, neg bool, args []string) {
	r := readReport(ts, args[0])
	i := slices.IndexFunc(r.Cells, func(c result.CellResult) bool { return c.ID == args[1] })
	if neg {
		if i >= 0 {
			ts.Fatalf("there is a cell %s", args[1])
		}
		return
	}
	if i < 0 {
		ts.Fatalf("no cell %s among %s", args[1], ids(r))
	}
	c := r.Cells[i]
	if !slices.Contains(strings.Split(args[2], "|"), string(c.Status)) {
		ts.Fatalf("%s is %s, want %s", c.ID, c.Status, args[2])
	}
	for _, want := range args[3:] {
		name, value, _ := strings.Cut(want, "=")
		got := map[string]string{"how": string(c.How), "same_as": c.SameAs, "note": c.Note, "part_of": c.PartOf, "system": c.System, "host": c.Host, "flaky": strconv.FormatBool(c.Flaky)}[name]
		if got != value && (name != "note" || value == "" || !strings.Contains(got, value)) {
			ts.Fatalf("%s of %s is %q, want %q", name, c.ID, got, value)
		}
	}
}

// base FILE ID CHANGE [OUTCOME] [note=TEXT] [status=STATUS] checks what a cell was at
// the base; without OUTCOME it must have none.
func baseIs(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	i := slices.IndexFunc(r.Cells, func(c result.CellResult) bool { return c.ID == args[1] })
	if i < 0 || r.Cells[i].Base == nil {
		ts.Fatalf("no cell %s with a base among %s", args[1], ids(r))
	}
	b := r.Cells[i].Base
	outcome := ""
	for _, want := range args[3:] {
		switch name, value, found := strings.Cut(want, "="); {
		case !found:
			outcome = want
		case name == "note" && !strings.Contains(b.Note, value), name == "status" && string(b.Status) != value:
			ts.Fatalf("%s: %+v, want %s", args[1], *b, want)
		}
	}
	if string(b.Change) != args[2] || string(b.Outcome) != outcome {
		ts.Fatalf("%s: %+v, want %s %s", args[1], *b, args[2], outcome)
	}
}

// phase FILE ID NAME STATUS [message=TEXT] [attempts=N] [on=PLACE,…] checks a phase of a cell.
func phaseIs(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	for _, c := range r.Cells {
		for _, p := range c.Phases {
			if c.ID != args[1] || p.Name.String() != args[2] {
				continue
			}
			if string(p.Status) != args[3] {
				ts.Fatalf("%s of %s is %s (%s), want %s", p.Name, c.ID, p.Status, p.Message, args[3])
			}
			for _, want := range args[4:] {
				name, value, _ := strings.Cut(want, "=")
				got := map[string]string{"message": p.Message, "attempts": strconv.Itoa(max(p.Attempts, 1)), "on": strings.Join(p.BuiltOn, ",")}[name]
				if got != value && (name != "message" || !strings.Contains(got, value)) {
					ts.Fatalf("%s of %s of %s is %q, want %s", name, p.Name, c.ID, got, want)
				}
			}
			return
		}
	}
	ts.Fatalf("no phase %s of a cell %s among %s", args[2], args[1], ids(r))
}

// samephases FILE FILE ID expects a cell to have the same phases, at the same time, in both
// reports: it was not run again.
func samePhases(ts *testscript.TestScript, neg bool, args []string) {
	var phases [2][]result.Phase
	for i, file := range args[:2] {
		r := readReport(ts, file)
		j := slices.IndexFunc(r.Cells, func(c result.CellResult) bool { return c.ID == args[2] })
		if j < 0 || len(r.Cells[j].Phases) == 0 {
			ts.Fatalf("no phases of %s in %s", args[2], file)
		}
		phases[i] = r.Cells[j].Phases
	}
	if reflect.DeepEqual(phases[0], phases[1]) == neg {
		ts.Fatalf("the phases of %s are\n%+v\nand\n%+v", args[2], phases[0], phases[1])
	}
}

// png FILE expects a picture that is not blank.
func isPNG(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	picture, err := png.Decode(f)
	ts.Check(err)
	b := picture.Bounds()
	first := picture.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if picture.At(x, y) != first {
				return
			}
		}
	}
	ts.Fatalf("%s has only one color", args[0])
}

// deaf starts a server at $DEAF that accepts connections and never answers. After the first
// one it creates a file named heard.
func deaf(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("DEAF", l.Addr().String())
	heard := ts.MkAbs("heard")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() // when the script is over
			_ = os.WriteFile(heard, nil, 0o644)
		}
	}()
}

// ! leftovers TEXT expects that no process is left with the text in its command line, such as
// a QEMU. They may take a moment to end.
func leftovers(ts *testscript.TestScript, neg bool, args []string) {
	if !neg || len(args) != 1 {
		ts.Fatalf("usage: ! leftovers TEXT")
	}
	var left []string
	for range 600 {
		if left = commandsWith(args[0]); len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("still running:\n%s", strings.Join(left, "\n"))
}

// commandsWith lists the command lines with the text, except the test's.
func commandsWith(text string) []string {
	var list []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if pid := filepath.Base(filepath.Dir(file)); err != nil || pid == strconv.Itoa(os.Getpid()) {
			continue
		}
		if words := strings.ReplaceAll(string(line), "\x00", " "); strings.Contains(words, text) {
			list = append(list, words)
		}
	}
	return list
}

func ids(r result.Report) string {
	var list []string
	for _, c := range r.Cells {
		list = append(list, c.ID+":"+string(c.Status))
	}
	return strings.Join(list, " ")
}

// cause FILE KIND TITLE [at=FILE:LINE] [hint=TEXT] [log=TEXT] [cells=ID,ID,…]
// expects exactly one cause of the kind whose title contains TITLE. In at= the line may be
// missing or a glob; cells= expects exactly these, in any order.
func causeIs(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	var found []result.Cause
	var all []string
	for _, c := range r.Causes {
		all = append(all, fmt.Sprintf("%s %q at %v: %v", c.Kind, c.Title, c.Location, c.Cells))
		if string(c.Kind) == args[1] && strings.Contains(c.Title, args[2]) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		ts.Fatalf("%d causes %s %q among\n%s", len(found), args[1], args[2], strings.Join(all, "\n"))
	}
	for _, want := range args[3:] {
		name, value, _ := strings.Cut(want, "=")
		if got, ok := causeHas(found[0], name, value); !ok {
			ts.Fatalf("%s of cause %q is %q, want %q", name, found[0].Title, got, value)
		}
	}
}

func causeHas(c result.Cause, name, value string) (string, bool) {
	switch name {
	case "at":
		if c.Location == nil {
			return "", false
		}
		full := fmt.Sprintf("%s:%d", c.Location.File, c.Location.Line)
		match, err := path.Match(value, full)
		return full, err == nil && match || value == c.Location.File
	case "hint":
		return c.Hint, strings.Contains(c.Hint, value)
	case "message":
		return c.Message, strings.Contains(c.Message, value)
	case "log":
		return c.LogTail, strings.Contains(c.LogTail, value)
	case "cells":
		want := slices.Sorted(strings.SplitSeq(value, ","))
		if value == "" {
			want = nil
		}
		got := slices.Sorted(slices.Values(c.Cells))
		return strings.Join(got, ","), slices.Equal(got, want)
	}
	return "unknown", false
}

// bytes FILE QUOTED writes bytes given as a Go string literal.
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// edit FILE OLD NEW replaces the first OLD, which must exist.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("no %q in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}

// smalldisk DIR MEGABYTES mounts a disk of that size at a new folder, until the script
// ends: a file with a file system in it.
func smallDisk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	megabytes, err := strconv.Atoi(args[1])
	ts.Check(err)
	image := dir + ".image"
	ts.Check(os.WriteFile(image, nil, 0o644))
	ts.Check(os.Truncate(image, int64(megabytes)<<20))
	ts.Check(os.MkdirAll(dir, 0o755))
	// Without space reserved for root, and without a journal.
	ts.Check(ts.Exec("mke2fs", "-q", "-t", "ext4", "-m", "0", "-O", "^has_journal", image))
	ts.Check(ts.Exec("mount", "-o", "loop", image, dir))
	ts.Defer(func() { ts.Check(ts.Exec("umount", dir)) })
}
