package partial_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/journal"
	"github.com/flakeci/flakeci/runner/outcome"
)

// hosts returns the matrix of hosts a and b, without their VMs.
func hosts() matrix.Matrix {
	m := matrix.New(matrix.Inventory{NixOS: []string{"a", "b"}})
	m.Cells = slices.DeleteFunc(m.Cells, func(c result.Cell) bool { return c.Kind == result.KindVM })
	return m
}

func passed(c result.Cell) event.Finished {
	return event.Finished{Result: outcome.Result{Cell: c, Status: result.Passed, How: result.Built}}
}

func statuses(r result.Report) string {
	var list []string
	for _, c := range r.Cells {
		list = append(list, c.ID+" "+string(c.Status))
	}
	return strings.Join(list, ", ")
}

// After a crash each cell is in the report: finished, found or added meanwhile, or canceled.
func TestReportOfACrash(t *testing.T) {
	m := hosts()
	before := &result.Cause{Kind: result.CauseInfra, Title: "an earlier one"}
	r := partial.Run{Run: reports.Run{Matrix: m, Started: time.Now(), About: reports.About{Causes: []*result.Cause{before}}}}
	r.Record(passed(m.Cells[0]))
	r.Record(event.Added{Cells: matrix.New(matrix.Inventory{Checks: []matrix.Output{{System: "x86_64-linux", Name: "fmt"}}}).Cells})
	r.Record(passed(matrix.EmbeddedCell(m.Cells[0], "ann", "")))
	rep := r.Report(&result.Cause{Kind: result.CauseInfra, Title: "flakeci crashed"})
	want := "nixos/a passed, nixos/b canceled, nixos/a/home/ann passed, check/x86_64-linux/fmt canceled"
	if got := statuses(rep); got != want {
		t.Errorf("the cells are %s, want %s", got, want)
	}
	if rep.Verdict != result.VerdictError || len(rep.Causes) != 2 || rep.Causes[1].Title != "flakeci crashed" {
		t.Errorf("verdict %s, causes %+v", rep.Verdict, rep.Causes)
	}
}

// The report of a journal says what became of the run.
func TestFromJournal(t *testing.T) {
	m := hosts()
	for name, c := range map[string]struct {
		finish, end, busy bool
		verdict           result.Verdict
		cells, note       string
	}{
		"ended":       {finish: true, end: true, verdict: result.VerdictPassed, cells: "nixos/a passed, nixos/b passed"},
		"killed":      {verdict: result.VerdictCanceled, cells: "nixos/a passed, nixos/b canceled", note: "the run was killed; last activity at "},
		"in progress": {busy: true, verdict: result.VerdictCanceled, cells: "nixos/a passed, nixos/b canceled", note: "the run is still in progress"},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := journal.Folder(t.TempDir()).Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			w, err := file.Create(journal.Head{Started: time.Now(), About: json.RawMessage("{}")}, m.Cells, nil)
			if err != nil {
				t.Fatal(err)
			}
			w.Record(passed(m.Cells[0]))
			if c.finish {
				w.Record(passed(m.Cells[1]))
			}
			if c.end {
				w.End(outcome.Run{}, json.RawMessage("{}"))
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			j, err := file.Read()
			if err != nil {
				t.Fatal(err)
			}
			rep, err := partial.FromJournal(j, reports.About{}, c.busy)
			if err != nil {
				t.Fatal(err)
			}
			if got := statuses(rep); got != c.cells || rep.Verdict != c.verdict {
				t.Errorf("verdict %s, cells %s", rep.Verdict, got)
			}
			if notes := strings.Join(rep.Notes, "\n"); !strings.HasPrefix(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}
