// Package sample tests the forms of a report with sample reports.
package sample

import (
	"fmt"
	"math/rand"
	"reflect"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Report is a random report for testing/quick.
type Report struct{ result.Report }

// Generate makes a report.
func (Report) Generate(rng *rand.Rand, size int) reflect.Value {
	return reflect.ValueOf(Report{random(rng, size)})
}

// random makes a report with odd texts and any number of everything.
func random(rng *rand.Rand, size int) result.Report {
	n := func() int { return rng.Intn(1 + size/10) }
	when := func() time.Time { return time.Unix(rng.Int63n(1<<32), 0).UTC() }
	pick := func(words ...string) string {
		if rng.Intn(8) == 0 {
			return Text(rng)
		}
		return words[rng.Intn(len(words))]
	}
	texts := func() []string {
		list := []string{}
		for range n() {
			list = append(list, pick("laptop", "reason", "joachim", "nixos/laptop", "home/joachim", "c1"))
		}
		return list
	}
	status := func() result.Status {
		return result.Status(pick("passed", "failed", "dependency-failed", "timed-out", "error", "canceled", "skipped", ""))
	}
	r := result.Report{
		Schema: result.Schema, Tool: result.Tool{Version: Text(rng)}, Nix: result.Tool{Version: pick("2.8.0")}, Started: when(),
		Flake:    result.Flake{Ref: pick(".", "github:o/r"), Rev: pick("4f2c1d9a", ""), Dirty: rng.Intn(2) == 0},
		Duration: rng.ExpFloat64(), Verdict: result.Verdict(pick("passed", "failed", "error", "canceled")),
		Grid: result.Grid{Hosts: texts(), Users: texts(), Orphans: texts(), Rows: []result.Row{}}, Notes: texts(),
		Cells: []result.Cell{}, Causes: []result.Cause{}, Warnings: []result.Warning{}, NotTested: []result.NotTested{},
	}
	for range n() {
		r.Grid.Rows = append(r.Grid.Rows, result.Row{
			Host: pick("laptop", "reason", ""), Key: pick(""), Orphan: rng.Intn(3) == 0,
			Cells: []string{pick("nixos/laptop", "home/joachim"), pick("home/joachim@reason", "check/1")},
		})
		r.Warnings = append(r.Warnings, result.Warning{Text: Text(rng), Location: &result.Location{File: pick("flake.nix"), Line: rng.Intn(9)}})
		r.NotTested = append(r.NotTested, result.NotTested{Kind: result.Kind(pick("nixos", "check")), Count: rng.Intn(3), Why: pick("--kind all")})
	}
	if rng.Intn(2) == 0 {
		r.Base = &result.Base{Ref: pick("main"), Rev: pick("0a1b2c3", ""), Note: pick(""), Missing: pick("", "")}
	}
	if len(r.Notes) == 0 {
		r.Notes = nil
	}
	for i := range n() {
		c := result.Cell{
			ID:   pick("nixos/laptop", "home/joachim", "home/joachim@reason", fmt.Sprint("check/", i)),
			Kind: result.Kind(pick("nixos", "home", "vm", "darwin", "check", "package")), Host: pick("laptop", "reason", ""),
			User: pick("joachim", ""), Status: status(), How: result.How(pick("built", "cached", "evaluated")),
			Note: pick(""), SameAs: pick("", "nixos/laptop"), Flaky: rng.Intn(5) == 0, Phases: []result.Phase{},
		}
		if rng.Intn(4) == 0 {
			c.Since = &result.Since{Rev: pick("0a1b2c3", ""), Started: when(), Runs: rng.Intn(9)}
		}
		if r.Base != nil && rng.Intn(4) > 0 {
			c.Base = &result.CellBase{
				Change: result.Change(pick("unchanged", "changed", "added", "removed", "unknown")), Status: status(), Note: pick(""),
				Outcome: result.Outcome(pick("new-failure", "already-broken", "fixed", "same", "")),
			}
			if rng.Intn(2) == 0 {
				c.Base.Closure = closure(rng, pick, n())
			}
		}
		for range rng.Intn(4) {
			c.Phases = append(c.Phases, result.Phase{
				Name: result.ParsePhaseName(pick("eval", "build", "boot", "check: web")), Status: status(), Started: when(),
				Duration: rng.NormFloat64(), Message: pick(""), Log: pick("", "a/b.log"), Attempts: rng.Intn(3),
			})
		}
		r.Cells = append(r.Cells, c)
	}
	for i := range n() {
		r.Causes = append(r.Causes, result.Cause{
			ID: fmt.Sprint("c", i), Kind: result.CauseKind(pick("eval", "build", "infra")), Title: Text(rng), Cells: texts(),
			Message: Text(rng), Hint: Text(rng), LogTail: Text(rng), Log: pick("a.log", ""),
			Location: &result.Location{File: pick("flake.nix"), Line: rng.Intn(9), Column: rng.Intn(3)},
		})
	}
	return r
}

func closure(rng *rand.Rand, pick func(...string) string, packages int) *result.ClosureDiff {
	c := &result.ClosureDiff{Unknown: pick("", ""), Before: rng.Int63(), After: rng.Int63(), Rebuilt: rng.Intn(3)}
	for range packages {
		c.Packages = append(c.Packages, result.PackageChange{
			Name: pick("firefox", "linux"), Kind: result.VersionChange(pick("added", "removed", "up", "down", "changed")),
			Before: []string{pick("1.0", "")}, After: []string{pick("1.1"), pick("2")}, Size: rng.Int63() - rng.Int63(),
		})
	}
	return c
}

// Text returns valid UTF-8 made of everything that has ever broken a report.
func Text(rng *rand.Rand) string {
	pieces := []string{
		"a", " ", "\n", "\r", "\t", "é", "机", "\x1b[31m", "\x1b]0;", "\x07", "\x00", "]]>", "<x>", "&", "\"", "'",
		"::error::", "##[error]", "\u202e", "\u2028", "\uFFFE", "\uFFFF", "[[ATTACHMENT|", "]]", "%0A", "@all", "\u009b1m",
	}
	text := ""
	for range rng.Intn(12) {
		text += pieces[rng.Intn(len(pieces))]
	}
	return text
}
