package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// blocks tells on stderr how a run goes: a line for each cell when it ends, with
// a block below it for one that failed, and a heartbeat in between.
type blocks struct {
	app   *App
	color bool
	folds bool // GitHub's log folds what is between two commands
	total int

	mu       sync.Mutex
	done     int
	failed   int
	running  []activity
	builders []activity
	asked    time.Time // since when Nix is asked what is to be built; zero if it is not
	logs     logs
	told     map[*result.Cause]bool // causes whose log was shown
	ids      map[string]bool        // cells that are done, and whether they failed; a home that is activated is done twice
	next     time.Time              // when to say something if nothing is said before
	spoke    bool                   // something was printed
	hushed   bool                   // there are no heartbeats any more
	ended    chan struct{}
	beating  sync.WaitGroup
}

// activity is a phase of a cell that is under way, or a builder with its
// derivation for a phase.
type activity struct {
	name, phase string
	since       time.Time
}

func newBlocks(j *job) *blocks {
	s := j.app.style(j.opts.color, j.app.Stderr)
	p := &blocks{
		app: j.app, color: s.color, folds: j.app.env("GITHUB_ACTIONS") == "true", total: len(j.matrix.Cells),
		next: time.Now().Add(heartbeat), told: map[*result.Cause]bool{}, ids: map[string]bool{}, ended: make(chan struct{}),
	}
	if s.width > 0 {
		p.next = time.Now().Add(firstHeartbeat)
	}
	p.beating.Go(safely.Func(p.beat))
	return p
}

func (p *blocks) stop() {
	close(p.ended)
	p.beating.Wait()
	if p.spoke {
		fmt.Fprintln(p.app.Stderr) // the report follows
	}
}

func (p *blocks) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hushed = true
}

func (p *blocks) watcher() runner.Watcher {
	w := runner.Watcher{
		More: p.more, Start: p.start, Waits: p.waits, GoesOn: p.goesOn, Asks: p.asks, Done: p.finish, Compared: p.compared,
		Builder: p.builder, Retry: p.retry, Stalled: p.stalled,
	}
	if p.folds {
		w.Line = p.line
	}
	return w
}

func (p *blocks) more(cells []matrix.Cell) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += len(cells)
}

func (p *blocks) start(c matrix.Cell, phase string) { p.goesOn(c, phase, time.Now()) }

func (p *blocks) goesOn(c matrix.Cell, phase string, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c.ID)
	p.running = append(p.running, activity{c.ID, phase, since})
}

func (p *blocks) waits(c matrix.Cell) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c.ID)
}

func (p *blocks) asks(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Time{}
	if yes {
		p.asked = time.Now()
	}
}

func (p *blocks) forget(cell string) {
	p.running = slices.DeleteFunc(p.running, func(a activity) bool { return a.name == cell })
}

// finish prints a cell's line and, if it did not pass, its block.
func (p *blocks) finish(r runner.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(r.Cell.ID)
	if failed, again := p.ids[r.Cell.ID]; !again {
		p.done++
		p.total = max(p.total, p.done)
	} else if failed {
		p.failed--
	}
	p.ids[r.Cell.ID] = r.Status.NeedsAttention()
	if p.ids[r.Cell.ID] {
		p.failed++
	}
	if !r.From.IsZero() && r.Status.OK() {
		return // what is taken over is told of all at once
	}
	if details := p.details(r); len(details) > 0 {
		p.fold(append([]string{headline(r)}, details...))
		return
	}
	p.print(p.block(r))
}

// compared says of a cell what it was before the change, if that matters.
func (p *blocks) compared(r runner.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(r.Cell.ID)
	words := map[result.Outcome]string{result.NewFailure: "✘ %s: new", result.AlreadyBroken: "✘ %s: already broken", result.Fixed: "✔ %s: fixed"}
	if text := words[r.Base.Outcome]; text != "" {
		p.print([]string{fmt.Sprintf(text, r.Cell.ID)})
	}
}

// builder follows builders, and the ends of their logs where these are shown.
func (p *blocks) builder(drv string, runs bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if runs {
		p.builders = append(p.builders, activity{nix.DrvName(drv), drv, time.Now()})
		return
	}
	for i, b := range p.builders {
		if b.phase == drv {
			p.builders = slices.Delete(p.builders, i, i+1)
			return
		}
	}
}

func (p *blocks) line(drv, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logs.add(drv, line)
}

func (p *blocks) retry(cells []matrix.Cell, phase string, why *result.Cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print([]string{fmt.Sprintf("↻ %s %s is tried again: %s", nameSome(cells), phase, why.Title)})
}

// nameSome names the first of some cells.
func nameSome(cells []matrix.Cell) string {
	if len(cells) > 1 {
		return fmt.Sprintf("%s and %d more", cells[0].ID, len(cells)-1)
	}
	return cells[0].ID
}

func (p *blocks) stalled(drv string, cells []matrix.Cell, silent time.Duration) {
	if silent == 0 || len(cells) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print([]string{fmt.Sprintf("… %s: %s has written nothing for %s", nameSome(cells), clean.Clean(nix.DrvName(drv)), view.Duration(silent))})
}

// print writes lines.
func (p *blocks) print(lines []string) { p.app.printRaw(p.text(lines)) }

// text makes lines fit to be written; the mark at the start of the first is coloured.
func (p *blocks) text(lines []string) string {
	p.spoke, p.next = true, time.Now().Add(heartbeat)
	var b strings.Builder
	for i, l := range lines {
		l = clean.Line(clean.Clean(l))
		if i == 0 && p.color {
			mark, rest, _ := strings.Cut(l, " ")
			l = colorOf(mark) + mark + "\x1b[0m " + rest
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// fold prints lines of which GitHub's log shows the first until one asks for the
// others. The first is a command's value, in which %0A would be a line break.
func (p *blocks) fold(lines []string) {
	title, rest, _ := strings.Cut(p.text(lines), "\n")
	p.app.printRaw("::group::" + strings.ReplaceAll(title, "%", "%25") + "\n" + rest + "::endgroup::\n")
}

func colorOf(mark string) string {
	switch mark {
	case "✔":
		return "\x1b[32m"
	case "✘", "!":
		return "\x1b[31m"
	case "↻":
		return "\x1b[33m"
	}
	return "\x1b[2m"
}
