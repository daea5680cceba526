package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/vmtest"
)

// How often a run that prints nothing says what it is at.
const heartbeat = 30 * time.Second

// progress tells on stderr how a run goes: a line for each cell when it ends,
// with a block below it for one that failed, and a heartbeat in between.
type progress struct {
	app   *App
	quiet bool
	color bool
	total int

	mu      sync.Mutex
	done    int
	failed  int
	running []activity
	told    map[*runner.Cause]bool // causes whose log was shown
	ids     map[string]bool        // cells that are done, and whether they failed; a home that is activated is done twice
	last    time.Time
	spoke   bool // something was printed
	hushed  bool // there are no heartbeats any more
	ended   chan struct{}
	beating sync.WaitGroup
}

// activity is a phase of a cell that is under way.
type activity struct {
	cell, phase string
	since       time.Time
}

func newProgress(a *App, how string, s style, total int) *progress {
	p := &progress{app: a, quiet: how == "quiet", color: s.color, total: total, last: time.Now(), told: map[*runner.Cause]bool{}, ids: map[string]bool{}, ended: make(chan struct{})}
	if !p.quiet {
		p.beating.Go(p.beat)
	}
	return p
}

func (p *progress) stop() {
	close(p.ended)
	p.beating.Wait()
	if p.spoke {
		fmt.Fprintln(p.app.Stderr) // the report follows
	}
}

// hush ends the heartbeats.
func (p *progress) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hushed = true
}

func (p *progress) watcher() runner.Watcher {
	return runner.Watcher{More: p.more, Start: p.start, Done: p.finish, Compared: p.compared}
}

func (p *progress) more(cells []matrix.Cell) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += len(cells)
}

func (p *progress) start(c matrix.Cell, phase string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c.ID)
	p.running = append(p.running, activity{c.ID, phase, time.Now()})
}

func (p *progress) forget(cell string) {
	kept := p.running[:0]
	for _, a := range p.running {
		if a.cell != cell {
			kept = append(kept, a)
		}
	}
	p.running = kept
}

// finish prints a cell's line and, if it did not pass, its block.
func (p *progress) finish(r runner.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(r.Cell.ID)
	if failed, again := p.ids[r.Cell.ID]; !again {
		p.done++
		p.total = max(p.total, p.done)
	} else if failed {
		p.failed--
	}
	p.ids[r.Cell.ID] = r.Failed()
	if r.Failed() {
		p.failed++
	}
	if p.quiet || !r.From.IsZero() { // what is taken over is told of all at once
		return
	}
	p.last = time.Now()
	p.print(p.block(r))
}

// compared says of a cell what it was before the change, if that matters.
func (p *progress) compared(r runner.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(r.Cell.ID)
	words := map[runner.Compared]string{runner.NewFailure: "✘ %s: new", runner.AlreadyBroken: "✘ %s: already broken", runner.Fixed: "✔ %s: fixed"}
	if text := words[r.Base.Outcome]; text != "" && !p.quiet {
		p.last = time.Now()
		p.print([]string{fmt.Sprintf(text, r.Cell.ID)})
	}
}

// print writes lines; the mark at the start of the first is coloured.
func (p *progress) print(lines []string) {
	p.spoke = true
	for i, l := range lines {
		l = clean.Line(clean.Clean(l))
		if i == 0 && p.color {
			mark, rest, _ := strings.Cut(l, " ")
			l = colorOf(mark) + mark + "\x1b[0m " + rest
		}
		fmt.Fprintln(p.app.Stderr, l)
	}
}

func colorOf(mark string) string {
	switch mark {
	case "✔":
		return "\x1b[32m"
	case "✘", "!":
		return "\x1b[31m"
	}
	return "\x1b[2m"
}

// block is what is said of a finished cell. Lines of logs are prefixed, so that
// none of them can begin a workflow command. The log of a cause is shown with
// the first of its victims.
func (p *progress) block(r runner.Result) []string {
	lines := []string{headline(r)}
	for _, c := range r.Causes {
		where := ""
		if c.Place.File != "" {
			where = " at " + c.Place.String()
		}
		lines = append(lines, "  "+c.Title+where)
		if p.told[c] {
			continue
		}
		p.told[c] = true
		if c.Kind == string(vmtest.KindCheck) {
			for l := range strings.SplitSeq(c.Message, "\n") {
				lines = append(lines, "    "+l)
			}
		}
		for _, l := range c.Tail {
			lines = append(lines, "  | "+l)
		}
	}
	return lines
}

func headline(r runner.Result) string {
	took := reports.Human(r.Duration())
	id := r.Cell.ID
	switch r.Status {
	case runner.Passed:
		if r.How == runner.Evaluated && r.Note != "" {
			return "~ " + id + " " + r.Note
		}
		last := r.Phases[len(r.Phases)-1]
		switch name, host, _ := strings.Cut(last.Name, ": "); {
		case r.Cell.Kind == matrix.KindVM && name != runner.PhaseBuild && name != runner.PhaseEval:
			return fmt.Sprintf("✔ %s booted %s%s%s", id, took, checksHeld(r), noted(r.Note))
		case name == vmtest.PhaseActivate && last.Status == runner.Skipped:
			return fmt.Sprintf("- %s not activated%s", id, noted(last.Message))
		case name == vmtest.PhaseActivate:
			return fmt.Sprintf("✔ %s activated in %s", id, cmp.Or(host, r.Cell.Host))
		}
		mark := map[runner.How]string{runner.Built: "✔", runner.Cached: "=", runner.Unchanged: "=", runner.Evaluated: "~"}[r.How]
		return fmt.Sprintf("%s %s %s %s%s", mark, id, r.How, took, noted(r.Note))
	case runner.Skipped:
		return fmt.Sprintf("- %s skipped%s", id, noted(r.Note))
	case runner.Canceled:
		return fmt.Sprintf("- %s canceled", id)
	case runner.Error:
		return fmt.Sprintf("! %s error after %s", id, took)
	case runner.DependencyFailed:
		return fmt.Sprintf("✘ %s needs what failed", id)
	case runner.TimedOut:
		return fmt.Sprintf("✘ %s timed out after %s", id, took)
	}
	return fmt.Sprintf("✘ %s failed after %s", id, took)
}

// checksHeld counts the checks of a host that passed.
func checksHeld(r runner.Result) string {
	n := 0
	for _, p := range r.Phases {
		if strings.HasPrefix(p.Name, vmtest.CheckPrefix) {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return ", 1 check held"
	}
	return fmt.Sprintf(", %d checks held", n)
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}

// beat says what is going on whenever nothing else was said for a while.
func (p *progress) beat() {
	tick := time.NewTicker(heartbeat / 10)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case now := <-tick.C:
			p.mu.Lock()
			if now.Sub(p.last) >= heartbeat && !p.hushed {
				p.last = now
				p.print([]string{p.pulse(now)})
			}
			p.mu.Unlock()
		}
	}
}

// The most activities that a heartbeat names.
const mostNamed = 4

func (p *progress) pulse(now time.Time) string {
	var names []string
	for _, a := range p.running[:min(len(p.running), mostNamed)] {
		names = append(names, fmt.Sprintf("%s %s %s", a.cell, a.phase, now.Sub(a.since).Round(time.Second)))
	}
	if more := len(p.running) - mostNamed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("… %d of %d cells done, %d failed; running: %s", p.done, p.total, p.failed, strings.Join(names, ", "))
}
