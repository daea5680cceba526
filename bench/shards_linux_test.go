package bench_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// times are how long a cell takes, in seconds.
type times struct{ eval, build float64 }

// hosts returns hosts with five homes each.
func hosts(tb testing.TB, n int) matrix.Matrix {
	tb.Helper()
	var inv matrix.Inventory
	for i := range n {
		host := fmt.Sprintf("host%d", i+1)
		inv.NixOS = append(inv.NixOS, host)
		for u := range 5 {
			inv.Homes = append(inv.Homes, matrix.Home{Key: fmt.Sprintf("user%d@%s", u+1, host)})
		}
	}
	return chosen(tb, matrix.New(inv), matrix.Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
}

func chosen(tb testing.TB, m matrix.Matrix, s matrix.Selection) matrix.Matrix {
	tb.Helper()
	m, err := m.Select(s)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// inTurn deals the hosts out to shards, one after the other.
func inTurn(tb testing.TB, all matrix.Matrix, shards int) (parts []matrix.Matrix) {
	tb.Helper()
	for i := range shards {
		var own []string
		for k := i; k < len(all.Grid.Hosts); k += shards {
			own = append(own, all.Grid.Hosts[k])
		}
		parts = append(parts, chosen(tb, all, matrix.Selection{Hosts: own, Kinds: []result.Kind{result.KindNixOS, result.KindHome}}))
	}
	return parts
}

// writeReports writes the reports of shards, each in its folder.
func writeReports(tb testing.TB, dir string, all matrix.Matrix, parts []matrix.Matrix, took func(result.Cell) times) {
	tb.Helper()
	began := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	n := 0
	for i, part := range parts {
		r := result.Report{
			Schema: result.Schema, Tool: result.Tool{Version: "0.1.0"}, Nix: result.Tool{Version: "2.34.8"}, Started: began, Duration: 600,
			Flake: result.Flake{Ref: ".", Locked: "git+file:///fleet?rev=4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
			Machines: []result.Machine{{
				Name: fmt.Sprintf("GitHub Actions %d", i), System: "x86_64-linux", Run: "7", Job: "ci/shards", Attempt: 1, Selection: "0a1b",
				Shard: all.Describe(part, i+1, len(parts)), Started: began, Duration: 600,
			}},
			Grid: part.Layout(),
		}
		at := began
		for _, c := range part.Cells {
			c.System = "x86_64-linux"
			of := took(c)
			got := shardResult(c, n, at, of)
			if at = at.Add(time.Duration((of.eval + of.build) * float64(time.Second))); got.Status == result.Failed {
				r.Causes = append(r.Causes, result.Cause{
					ID: got.Causes[0], Key: fmt.Sprintf("build-%d", i%20), Kind: result.CauseBuild, Title: fmt.Sprintf("libfrob-%d failed to build (exit 3)", i%20), Cells: []string{got.ID},
					LogTail: strings.Repeat("cc -O2 -c part.c\n", 60) + "frob.c:7: error: no frob",
				})
			}
			r.Cells = append(r.Cells, got)
			n++
		}
		r.Verdict = result.VerdictOf(r.Cells, r.Causes, false)
		writeReport(tb, filepath.Join(dir, fmt.Sprintf("x86_64-linux-%d-of-%d", i+1, len(parts)), "report.json"), r)
	}
}

func writeReport(tb testing.TB, path string, r result.Report) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		tb.Fatal(err)
	}
	var text bytes.Buffer
	if err := result.WriteJSON(&text, r); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
		tb.Fatal(err)
	}
}

// shardResult is the n-th result: one in a hundred failed, and one in ten has packages that changed.
func shardResult(c result.Cell, n int, began time.Time, took times) result.CellResult {
	drv := fmt.Sprintf("/nix/store/%032d-%s.drv", n, c.Kind)
	r := result.CellResult{
		Cell: c, Status: result.Passed, How: result.Built, DrvPath: drv, OutPaths: map[string]string{"out": strings.TrimSuffix(drv, ".drv")},
		Base: &result.CellBase{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, DrvPath: drv},
	}
	if n%10 == 0 {
		r.Base.Closure = sample.Closure(100)
	}
	for _, p := range []struct {
		kind    result.PhaseKind
		seconds float64
	}{{result.PhaseEval, took.eval}, {result.PhaseBuild, took.build}} {
		r.Phases = append(r.Phases, result.Phase{Name: p.kind.Name(), Status: result.Passed, Started: began, Duration: p.seconds, Attempts: 1})
		began = began.Add(time.Duration(p.seconds * float64(time.Second)))
	}
	if n%100 == 0 {
		r.Status, r.How, r.Causes, r.Phases[1].Status = result.Failed, "", []string{fmt.Sprintf("c%d", n)}, result.Failed
	}
	return r
}
