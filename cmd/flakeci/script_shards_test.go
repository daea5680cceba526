package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/history"
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
