package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/result"
)

// legs STRATEGY CELLS ARG… runs `flakeci run ARG…` for each job of a strategy, as the legs of a
// workflow do, and leaves the reports in leg1.json, leg2.json and so on. Each leg must have
// exactly the cells of its job, and the legs together those in the file CELLS, each once.
func legs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: legs STRATEGY CELLS ARG…")
	}
	var s matrix.Strategy
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &s))
	var all []string
	for i, job := range s.Include {
		text, err := json.MarshalIndent(job, "", "  ") // as toJSON in a workflow
		ts.Check(err)
		report := fmt.Sprintf("leg%d.json", i+1)
		_ = ts.Exec("flakeci", append([]string{"run", "--shard", string(text), "--json", report}, args[2:]...)...)
		var have []string
		for _, c := range readReport(ts, report).Cells {
			have = append(have, c.ID)
		}
		slices.Sort(have)
		if want := slices.Sorted(slices.Values(job.Cells)); !slices.Equal(have, want) {
			ts.Fatalf("leg %s has %q, want %q", job.Name, have, want)
		}
		all = append(all, have...)
	}
	slices.Sort(all)
	if want := slices.Sorted(slices.Values(strings.Fields(ts.ReadFile(args[1])))); !slices.Equal(all, want) {
		ts.Fatalf("all legs have %q, want %q", all, want)
	}
}

// remember REPORT FLAKE adds a report to this machine's history of a flake.
func remember(ts *testscript.TestScript, _ bool, args []string) {
	h, err := history.Open(context.Background(), filepath.Join(ts.Getenv("HOME"), ".local/state/flakeci/history.db"))
	ts.Check(err)
	ts.Check(h.Add(context.Background(), ts.MkAbs(args[1]), readReport(ts, args[0])))
	ts.Check(h.Close())
}

// samereports A B compares two reports, apart from times, machines, and where logs are.
func sameReports(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samereports A B")
	}
	var texts [2]string
	for i, name := range args {
		r := readReport(ts, name)
		r.Started, r.Duration, r.Machines = time.Time{}, 0, nil
		for k := range r.Cells {
			c := &r.Cells[k]
			c.Machine = ""
			for p := range c.Phases {
				phase := &c.Phases[p]
				*phase = result.Phase{Name: phase.Name, Status: phase.Status, Message: phase.Message, Causes: phase.Causes}
			}
		}
		for k := range r.Causes {
			r.Causes[k].Log = path.Base(r.Causes[k].Log)
		}
		text, err := json.MarshalIndent(r, "", "  ")
		ts.Check(err)
		texts[i] = string(text) + "\n"
	}
	if texts[0] != texts[1] {
		ts.Fatalf("%s", diff.Diff(args[0], []byte(texts[0]), args[1], []byte(texts[1])))
	}
}
