// Package sample tests the forms of a report with sample reports.
package sample

import (
	"cmp"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Report is a random report for testing/quick.
type Report struct{ result.Report }

// Generate makes a report.
func (Report) Generate(rng *rand.Rand, size int) reflect.Value {
	return reflect.ValueOf(Report{generator{rng, size}.report()})
}

// generator makes the parts of a random report.
type generator struct {
	*rand.Rand
	size int
}

// n returns a small number, larger in larger reports.
func (g generator) n() int { return g.Intn(1 + g.size/10) }

func (g generator) time() time.Time { return time.Unix(g.Int63n(1<<32), 0).UTC() }

// pick returns one of the words, or sometimes an odd text.
func (g generator) pick(words ...string) string {
	if g.Intn(8) == 0 {
		return Text(g.Rand)
	}
	return words[g.Intn(len(words))]
}

func (g generator) texts() []string {
	list := []string{}
	for range g.n() {
		list = append(list, g.pick("laptop", "reason", "joachim", "nixos/laptop", "home/joachim", "c1"))
	}
	return list
}

func (g generator) status() result.Status {
	return result.Status(g.pick("passed", "failed", "dependency-failed", "timed-out", "error", "canceled", "skipped", ""))
}

// report makes a report with odd texts and any number of everything.
func (g generator) report() result.Report {
	r := result.Report{
		Schema: result.Schema, Tool: result.Tool{Version: Text(g.Rand)}, Nix: result.Tool{Version: g.pick("2.8.0")}, Started: g.time(),
		Flake:    result.Flake{Ref: g.pick(".", "github:o/r"), Rev: g.pick("4f2c1d9a", ""), Dirty: g.Intn(2) == 0},
		Duration: g.ExpFloat64(), Verdict: result.Verdict(g.pick("passed", "failed", "error", "canceled")),
		Grid: result.Grid{Hosts: g.texts(), Users: g.texts(), Orphans: g.texts(), Rows: []result.Row{}}, Notes: g.texts(),
		Cells: []result.CellResult{}, Causes: []result.Cause{}, Warnings: []result.Warning{}, NotTested: []result.NotTested{},
	}
	for range g.n() {
		r.Grid.Rows = append(r.Grid.Rows, result.Row{
			Host: g.pick("laptop", "reason", ""), NoHost: g.Intn(4) == 0, Orphan: g.Intn(3) == 0, Untested: g.pick("darwin/mac", "", ""),
			Cells: []string{g.pick("nixos/laptop", "home/joachim"), g.pick("home/joachim@reason", "check/1")},
		})
		r.Warnings = append(r.Warnings, result.Warning{Text: Text(g.Rand), Location: &result.Location{File: g.pick("flake.nix"), Line: g.Intn(9)}})
		r.NotTested = append(r.NotTested, result.NotTested{Kind: result.Kind(g.pick("nixos", "check")), Count: g.Intn(3), Why: g.pick("--kind all")})
	}
	for i := range g.Intn(4) {
		r.Machines = append(r.Machines, g.machine(i))
	}
	if g.Intn(2) == 0 {
		r.Base = &result.Base{Ref: g.pick("main"), Rev: g.pick("0a1b2c3", ""), Note: g.pick(""), Missing: g.pick("", "")}
	}
	if len(r.Notes) == 0 {
		r.Notes = nil
	}
	for i := range g.n() {
		r.Cells = append(r.Cells, g.cell(i, r.Base != nil))
	}
	for i := range g.n() {
		r.Causes = append(r.Causes, result.Cause{
			ID: fmt.Sprint("c", i), Key: cmp.Or(g.pick("build-1", "eval-2"), "eval-3"), Since: g.since(), Kind: result.CauseKind(g.pick("eval", "build", "infra")), Title: Text(g.Rand), Cells: g.texts(),
			Message: Text(g.Rand), Hint: Text(g.Rand), LogTail: Text(g.Rand), Log: g.pick("a.log", ""),
			Location: &result.Location{File: g.pick("flake.nix"), Line: g.Intn(9), Column: g.Intn(12)}, Excerpt: g.excerpt(),
		})
	}
	return r
}

// excerpt returns lines that may lack the one of the location, and numbers that no file has.
func (g generator) excerpt() *result.Excerpt {
	if g.Intn(4) == 0 {
		return nil
	}
	e := &result.Excerpt{FirstLine: g.Intn(9), Lines: []string{}}
	if g.Intn(8) == 0 {
		e.FirstLine = int(g.Uint64())
	}
	for range g.Intn(9) {
		e.Lines = append(e.Lines, strings.Repeat(Text(g.Rand), 1+g.Intn(20)))
	}
	return e
}

func (g generator) since() *result.Since {
	if g.Intn(4) > 0 {
		return nil
	}
	return &result.Since{Rev: g.pick("0a1b2c3", ""), Started: g.time(), Runs: g.Intn(9)}
}

func (g generator) machine(i int) result.Machine {
	m := result.Machine{
		Name: g.pick(fmt.Sprint("m", i)), System: g.pick("x86_64-linux", ""), Run: g.pick("7", ""), Job: g.pick("ci"), Attempt: g.Intn(3),
		Selection: g.pick("0a", "0b", ""), Started: g.time(), Duration: g.ExpFloat64(),
	}
	if g.Intn(2) == 0 {
		m.Shard = &result.Shard{Index: 1 + g.Intn(2), Count: 2, Others: []result.Cell{{ID: g.pick("home/eve"), Kind: result.KindHome}}}
	}
	return m
}

func (g generator) cell(i int, compared bool) result.CellResult {
	c := result.CellResult{
		Cell: result.Cell{ID: g.pick("nixos/laptop", "home/joachim", "home/joachim@reason", fmt.Sprint("check/", i)),
			Kind: result.Kind(g.pick("nixos", "home", "vm", "darwin", "check", "package")), Host: g.pick("laptop", "reason", ""),
			User: g.pick("joachim", "")}, Status: g.status(), How: result.How(g.pick("built", "cached", "evaluated")),
		Note: g.pick(""), SameAs: g.pick("", "nixos/laptop"), Flaky: g.Intn(5) == 0, Phases: []result.Phase{},
	}
	c.Since, c.Machine = g.since(), g.pick("m0", "m1", "")
	if compared && g.Intn(4) > 0 {
		c.Base = &result.CellBase{
			Change: result.Change(g.pick("unchanged", "changed", "added", "removed", "unknown")), Status: g.status(), Note: g.pick(""),
			Outcome: result.Outcome(g.pick("new-failure", "already-broken", "fixed", "same", "")), Causes: []string{g.pick("build-1", "eval-2")},
		}
		if g.Intn(2) == 0 {
			c.Base.Closure = g.closure()
		}
	}
	for range g.Intn(4) {
		c.Phases = append(c.Phases, result.Phase{
			Name: result.ParsePhaseName(g.pick("eval", "build", "boot", "check: web")), Status: g.status(), Started: g.time(),
			Duration: g.NormFloat64(), Message: g.pick(""), Log: g.pick("", "a/b.log"), Attempts: g.Intn(3),
			BuiltOn: [][]string{nil, {g.pick("ssh-ng://b")}, {result.BuiltHere, g.pick("ssh://c")}}[g.Intn(3)],
		})
	}
	return c
}

func (g generator) closure() *result.ClosureDiff {
	c := &result.ClosureDiff{Unknown: g.pick("", ""), Before: g.Int63(), After: g.Int63(), Rebuilt: g.Intn(3)}
	for range g.n() {
		c.Packages = append(c.Packages, result.PackageChange{
			Name: g.pick("firefox", "linux"), Kind: result.VersionChange(g.pick("added", "removed", "up", "down", "changed")),
			Before: []string{g.pick("1.0", "")}, After: []string{g.pick("1.1"), g.pick("2")}, Size: g.Int63() - g.Int63(),
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
