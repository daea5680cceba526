package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

func writeAt(width int) func(io.Writer, result.Report) error {
	return func(w io.Writer, r result.Report) error { return Write(w, r, Options{Width: width}) }
}

func TestGolden(t *testing.T) {
	sample.Golden(t, ".table.txt", writeAt(0))
	sample.Golden(t, ".table80.txt", writeAt(80))
	sample.GoldenFile(t, "errors.table60.txt", sample.Written(t, writeAt(60), sample.Input(t, "errors")))
	sample.GoldenFile(t, "bump.table80.txt", sample.Written(t, writeAt(80), sample.Bump()))
	sample.Golden(t, ".grid.txt", func(w io.Writer, r result.Report) error { return WriteGrid(w, withoutResults(r), Options{}) })
}

// Of a thousand hosts, the table shows those with something to look at, a hundred at most, and names
// only some of the cells that a cause blocks.
func TestThousandHosts(t *testing.T) {
	r := sample.Thousand(0)
	r.Cells[3000].Status, r.Verdict = result.Failed, result.VerdictFailed
	for name, tt := range map[string]struct {
		report  result.Report
		want    []string
		longest int // lines
	}{
		"one that failed": {r, []string{"\nhost501 ", "\n… and 999 hosts with nothing to report\n"}, 20},
		"all passed":      {sample.Thousand(0), []string{"\n… and 1000 hosts with nothing to report\n"}, 10},
		"all failed":      {sample.Thousand(1), []string{"\nhost100 ", "\n… and 900 more hosts\n", "blocks: nixos/host1,", "5960 more\n"}, 140},
	} {
		text := string(sample.Written(t, writeAt(80), tt.report))
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%.2000s", name, want, text)
			}
		}
		if n := strings.Count(text, "\n"); n > tt.longest {
			t.Errorf("%s: %d lines", name, n)
		}
	}
	if all := string(sample.Written(t, func(w io.Writer, r result.Report) error { return WriteGrid(w, withoutResults(r), Options{}) }, r)); !strings.Contains(all, "host1000") {
		t.Error("flakeci matrix does not list all hosts")
	}
}

// withoutResults returns the report as `flakeci matrix` shows it.
func withoutResults(r result.Report) result.Report {
	r.Causes = nil
	r.Cells = view.Map(r.Cells, func(c result.CellResult) result.CellResult {
		c.Status, c.How, c.Note, c.Phases = "", "", "", nil
		return c
	})
	return r
}

func checkTable(t *testing.T, r result.Report) {
	t.Helper()
	for _, width := range []int{0, 40, 80} {
		for _, write := range []func(io.Writer, result.Report, Options) error{Write, WriteGrid, WriteDiff} {
			var out bytes.Buffer
			if err := write(&out, r, Options{Width: width}); err != nil {
				t.Fatalf("table: %v", err)
			}
			sample.CheckTerminal(t, out.String())
		}
	}
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, checkTable) }

func TestHugeLogs(t *testing.T) { sample.HugeLogs(t, writeAt(80)) }

func FuzzWrite(f *testing.F) { sample.Fuzz(f, checkTable) }

func TestLongLinesAreCut(t *testing.T) {
	r := sample.Input(t, "failed")
	r.Causes[0].LogTail = "before\n" + strings.Repeat("\x1b[31mx\x1b]", 5<<20/7) + "\nafter"
	for width := range 2 {
		var out bytes.Buffer
		if err := Write(&out, r, Options{Width: width * 80}); err != nil {
			t.Fatal(err)
		}
		if s := out.String(); len(s) > 8000 || !strings.Contains(s, "more") || !strings.Contains(s, "│ after") {
			t.Errorf("%d bytes: %.2000s", len(s), s)
		}
	}
}

func TestColorsAreClosedAndOptional(t *testing.T) {
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		var plain, color bytes.Buffer
		if err := Write(&plain, r, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := Write(&color, r, Options{Color: true}); err != nil {
			t.Fatal(err)
		}
		text := color.String()
		for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
			text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
		}
		if got := trimLines(text); got != plain.String() {
			t.Errorf("without its colors the colored table is\n%s\nwant\n%s", got, plain.String())
		}
		if strings.Count(color.String(), "\x1b[0m")*2 != strings.Count(color.String(), "\x1b[") {
			t.Error("a color is not closed")
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
			if err := Write(&out, sample.Input(t, name), Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if w := view.Width(strings.TrimRight(line, "\n")); w > width && !strings.Contains(line, "full log") {
					t.Errorf("%s: %d columns of %d: %s", name, w, width, line)
				}
			}
		}
	}
}

// No flake has two hundred users, but a table that takes a minute would hold up a run.
func TestGridOfManyColumnsIsSplitInTime(t *testing.T) {
	r := result.Report{}
	for i := range 200 {
		user := fmt.Sprintf("user-%03d", i)
		r.Grid.Users = append(r.Grid.Users, user)
		r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: "home/" + user + "@laptop", Kind: "home", Host: "laptop", User: user}, Status: result.Passed})
	}
	r.Grid.Hosts = []string{"laptop"}
	began := time.Now()
	var out bytes.Buffer
	if err := Write(&out, r, Options{Width: 80}); err != nil {
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
