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

// The reports of a whole matrix of GitHub jobs.
func BenchmarkMerge(b *testing.B) {
	// Some cells failed, so flakeci ends with 1.
	const command = "flakeci report reports/*/report.json --json merged.json --markdown merged.md"
	merge := contender{name: "a merge", argv: []string{"sh", "-c", command + "; [ $? = 1 ]"}}
	page := contender{name: "a merge with --html", argv: []string{"sh", "-c", command + " --html merged.html; [ $? = 1 ]"}}
	s := scenario{
		name:       "merge",
		about:      "6000 cells (1000 hosts, 5 homes each) in the reports of 256 shards, merged into a table, JSON and markdown.",
		contenders: []contender{merge, page},
		targets: func(got results) []target {
			return []target{
				{"wall time of " + merge.name, got.wall(merge), 5, " s"},
				{"peak memory of " + merge.name, highest(got[merge.name], peakMiB) * (1 << 20) / 1e6, 500, " MB"},
			}
		},
	}
	p := prepare(b)
	p.compile(b)
	dir := b.TempDir()
	writeShards(b, filepath.Join(dir, "reports"))
	got := results{}
	for b.Loop() {
		for _, c := range s.contenders {
			u := p.measure(b, c, dir, b.TempDir())
			b.Logf("%s: %v", c.name, u)
			got[c.name] = append(got[c.name], u)
		}
	}
	s.report(b, got)
}

// writeShards writes the reports of 256 shards, each in its folder.
func writeShards(tb testing.TB, dir string) {
	tb.Helper()
	const shards, hosts = 256, 1000
	parts := make([]matrix.Matrix, shards)
	for i := range parts {
		parts[i] = hostsOf(tb, i, shards, hosts)
	}
	began := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	for i, part := range parts {
		shard := result.Shard{Index: i + 1, Count: shards}
		for k := 1; len(shard.Others) < 480; k++ { // as many as flakeci run names
			shard.Others = append(shard.Others, parts[(i+k)%shards].Cells...)
		}
		r := result.Report{
			Schema: result.Schema, Tool: result.Tool{Version: "0.1.0"}, Nix: result.Tool{Version: "2.34.8"}, Started: began, Duration: 600,
			Flake:    result.Flake{Ref: ".", Locked: "git+file:///fleet?rev=4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
			Machines: []result.Machine{{Name: fmt.Sprintf("GitHub Actions %d", i), System: "x86_64-linux", Run: "7", Job: "ci/shards", Attempt: 1, Selection: "0a1b", Shard: &shard, Started: began, Duration: 600}},
			Grid:     part.Layout(),
		}
		for k, c := range part.Cells {
			r.Cells = append(r.Cells, shardResult(c, i*24+k, began))
			if last := &r.Cells[k]; last.Status == result.Failed {
				r.Causes = append(r.Causes, result.Cause{
					ID: last.Causes[0], Key: fmt.Sprintf("build-%d", i%20), Kind: result.CauseBuild, Title: fmt.Sprintf("libfrob-%d failed to build (exit 3)", i%20), Cells: []string{last.ID},
					LogTail: strings.Repeat("cc -O2 -c part.c\n", 60) + "frob.c:7: error: no frob",
				})
			}
		}
		r.Verdict = result.VerdictOf(r.Cells, r.Causes, false)
		path := filepath.Join(dir, fmt.Sprintf("x86_64-linux-%d-of-%d", i+1, shards), "report.json")
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
}

// hostsOf returns the hosts of one shard, with five homes each.
func hostsOf(tb testing.TB, shard, shards, hosts int) matrix.Matrix {
	tb.Helper()
	var inv matrix.Inventory
	for i := shard; i < hosts; i += shards {
		host := fmt.Sprintf("host%d", i)
		inv.NixOS = append(inv.NixOS, host)
		for _, user := range []string{"admin", "eve", "joachim", "root", "work"} {
			inv.Homes = append(inv.Homes, matrix.Home{Key: user + "@" + host})
		}
	}
	m, err := matrix.New(inv).Select(matrix.Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// shardResult is the n-th result: one in a hundred failed, and one in ten has packages that changed.
func shardResult(c result.Cell, n int, began time.Time) result.CellResult {
	drv := fmt.Sprintf("/nix/store/%032d-%s.drv", n, c.Kind)
	r := result.CellResult{
		Cell: c, Status: result.Passed, How: result.Built, DrvPath: drv, OutPaths: map[string]string{"out": strings.TrimSuffix(drv, ".drv")},
		Base: &result.CellBase{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, DrvPath: drv},
	}
	if n%10 == 0 {
		r.Base.Closure = sample.Closure(100)
	}
	for k, name := range []result.PhaseKind{result.PhaseEval, result.PhaseBuild} {
		r.Phases = append(r.Phases, result.Phase{Name: name.Name(), Status: result.Passed, Started: began.Add(time.Duration(n%300+20*k) * time.Second), Duration: 15, Attempts: 1})
	}
	if n%100 == 0 {
		r.Status, r.How, r.Causes, r.Phases[1].Status = result.Failed, "", []string{fmt.Sprintf("c%d", n)}, result.Failed
	}
	return r
}
