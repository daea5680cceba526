package reports

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// checkEverySink holds what is promised of every report whatever is in it.
func checkEverySink(t *testing.T, r result.Report) {
	t.Helper()
	var junit bytes.Buffer
	if err := WriteJUnit(&junit, r); err != nil {
		t.Fatalf("junit: %v", err)
	}
	file := checkJUnit(t, junit.Bytes())
	checkCommands(t, junit.String())
	checkJSON(t, r)
	checkMarkdown(t, r)
	checkHTML(t, r, HTMLOptions{})
	checkTrace(t, r)
	verdict := r.Verdict
	if verdict == "" {
		verdict = result.VerdictOf(r.Cells, r.Causes, false)
	}
	if verdict != result.VerdictPassed && file.Failures+file.Errors == 0 {
		t.Errorf("the verdict is %q, and nothing in the JUnit file is red", r.Verdict)
	}
	for _, width := range []int{0, 40, 80} {
		for _, write := range []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error { return WriteTable(b, r, TableOptions{Width: width}) },
			func(b *bytes.Buffer) error { return WriteGrid(b, r, TableOptions{Width: width}) },
			func(b *bytes.Buffer) error { return WriteDiff(b, r, TableOptions{Width: width}) },
		} {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatalf("table: %v", err)
			}
			checkTerminal(t, out.String())
		}
	}
}

// checkTerminal fails if text could do anything to a terminal, or to GitHub's
// runner, but be read.
func checkTerminal(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") {
		t.Errorf("not a text: %q", text)
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Fatalf("%q in %q", r, text)
		}
	}
	checkCommands(t, text)
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

// checkCommands fails if GitHub's runner would do anything with a text on stdout but
// show it.
func checkCommands(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a command to the runner: %q", line)
		}
	}
}

// checkJSON fails if the JSON is none, has anything in it that a terminal would
// act on, or does not hold what the report does.
func checkJSON(t *testing.T, r result.Report) {
	t.Helper()
	var out bytes.Buffer
	if err := result.WriteJSON(&out, r); err != nil {
		t.Fatalf("json: %v", err)
	}
	checkTerminal(t, out.String())
	read, err := result.ReadJSON(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatalf("json: %v", err)
	}
	out.Reset()
	if err := result.WriteJSON(&out, read); err != nil {
		t.Fatalf("json: %v", err)
	}
	again, err := result.ReadJSON(&out)
	if err != nil || !reflect.DeepEqual(again, read) {
		t.Errorf("json: what was read is not what was written (%v)", err)
	}
}

func TestEverySinkTakesEveryReport(t *testing.T) {
	t.Parallel()
	fine := func(r sample.Report) bool {
		checkEverySink(t, r.Report)
		return !t.Failed()
	}
	if err := quick.Check(fine, &quick.Config{MaxCount: 200}); err != nil {
		t.Error(err)
	}
}

func TestLineOfFiveMegabytes(t *testing.T) {
	t.Parallel()
	r := readInput(t, "failed")
	r.Causes[0].LogTail = "before\n" + strings.Repeat("\x1b[31mx\x1b]", 5<<20/7) + "\nafter"
	began := time.Now()
	checkEverySink(t, r)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
	for width := range 2 {
		var out bytes.Buffer
		if err := WriteTable(&out, r, TableOptions{Width: width * 80}); err != nil {
			t.Fatal(err)
		}
		if s := out.String(); len(s) > 8000 || !strings.Contains(s, "more") || !strings.Contains(s, "│ after") {
			t.Errorf("%d bytes: %.2000s", len(s), s)
		}
	}
}

func TestColorsAreWholeAndOnlyAddedWhenAsked(t *testing.T) {
	forEachInput(t, func(t *testing.T, _ string, r result.Report) {
		var plain, color bytes.Buffer
		if err := WriteTable(&plain, r, TableOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := WriteTable(&color, r, TableOptions{Color: true}); err != nil {
			t.Fatal(err)
		}
		text := color.String()
		for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
			text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
		}
		if got := trimLines(text); got != plain.String() {
			t.Errorf("without its colours the coloured form differs:\n%s\nfrom:\n%s", got, plain.String())
		}
		if strings.Count(color.String(), "\x1b[0m")*2 != strings.Count(color.String(), "\x1b[") {
			t.Error("a colour is not ended")
		}
	})
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestTableFitsItsWidth(t *testing.T) {
	for _, name := range []string{"fleet", "failed", "all-kinds", "green"} {
		for _, width := range []int{80, 120} {
			var out bytes.Buffer
			if err := WriteTable(&out, readInput(t, name), TableOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if w := widthOf(strings.TrimRight(line, "\n")); w > width && !strings.Contains(line, "full log") {
					t.Errorf("%s: %d columns of %d: %s", name, w, width, line)
				}
			}
		}
	}
}

// Two hundred users are nobody's, but what takes a minute stops a run.
func TestGridOfManyColumnsIsSplitInTime(t *testing.T) {
	r := result.Report{}
	for i := range 200 {
		user := fmt.Sprintf("user-%03d", i)
		r.Grid.Users = append(r.Grid.Users, user)
		r.Cells = append(r.Cells, result.Cell{ID: "home/" + user + "@laptop", Kind: "home", Host: "laptop", User: user, Status: result.Passed})
	}
	r.Grid.Hosts = []string{"laptop"}
	began := time.Now()
	var out bytes.Buffer
	if err := WriteTable(&out, r, TableOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
	for _, user := range r.Grid.Users {
		if strings.Count(out.String(), user) != 1 {
			t.Errorf("%s is not in the grid once:\n%s", user, out.String())
		}
	}
}

func FuzzSinks(f *testing.F) {
	for _, seed := range []string{"a", "\x1b[31m", "]]>", "::error::", "\u202e", "\xff", "\uFFFE"} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, name, note, log string) {
		id := "nixos/" + name
		checkEverySink(t, result.Report{
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
