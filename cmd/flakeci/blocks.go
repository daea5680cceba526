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
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
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

func (p *blocks) subscriber() event.Subscriber {
	return event.Subscriber{Handle: p.handle, Lines: p.folds}
}

// handle takes in an event, and prints what there is to say.
func (p *blocks) handle(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case event.Added:
		p.total += len(e.Cells)
	case event.Started:
		p.begin(activity{e.Cell.ID, phaseText(e.Phase, e.AtBase), time.Now()})
	case event.Resumed:
		p.begin(activity{e.Cell.ID, phaseText(e.Phase, e.AtBase), e.Since})
	case event.Waiting:
		p.forget(e.Cell.ID)
	case event.Planning:
		p.asked = time.Time{}
		if e.Running {
			p.asked = time.Now()
		}
	case event.Finished:
		p.finish(e.Result)
	case event.Compared:
		p.compared(e.Result)
	case event.BuilderStarted:
		p.builders = append(p.builders, activity{nix.DrvName(e.Drv), e.Drv, time.Now()})
	case event.BuilderStopped:
		if i := slices.IndexFunc(p.builders, func(b activity) bool { return b.phase == e.Drv }); i >= 0 {
			p.builders = slices.Delete(p.builders, i, i+1)
		}
	case event.Line:
		p.logs.add(e.Drv, e.Text)
	case event.Retrying:
		p.print([]string{fmt.Sprintf("↻ %s %s is tried again: %s", nameSome(e.Cells), e.Phase, e.Cause.Title)})
	case event.Stalled:
		if e.Silent > 0 && len(e.Cells) > 0 {
			p.print([]string{fmt.Sprintf("… %s: %s has written nothing for %s", nameSome(e.Cells), clean.Clean(nix.DrvName(e.Drv)), reports.Human(e.Silent))})
		}
	}
}

func phaseText(name result.PhaseName, atBase bool) string {
	if atBase {
		return name.String() + " at the base"
	}
	return name.String()
}

func (p *blocks) begin(a activity) {
	p.forget(a.name)
	p.running = append(p.running, a)
}

func (p *blocks) forget(cell string) {
	p.running = slices.DeleteFunc(p.running, func(a activity) bool { return a.name == cell })
}

// finish prints a cell's line and, if it did not pass, its block.
func (p *blocks) finish(r outcome.Result) {
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
func (p *blocks) compared(r outcome.Result) {
	p.forget(r.Cell.ID)
	words := map[result.Outcome]string{result.NewFailure: "✘ %s: new", result.AlreadyBroken: "✘ %s: already broken", result.Fixed: "✔ %s: fixed"}
	if text := words[r.Base.Outcome]; text != "" {
		p.print([]string{fmt.Sprintf(text, r.Cell.ID)})
	}
}

// nameSome names the first of some cells.
func nameSome(cells []matrix.Cell) string {
	if len(cells) > 1 {
		return fmt.Sprintf("%s and %d more", cells[0].ID, len(cells)-1)
	}
	return cells[0].ID
}

// print writes lines.
func (p *blocks) print(lines []string) { p.app.write(p.text(lines)) }

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
	p.app.write("::group::" + strings.ReplaceAll(title, "%", "%25") + "\n" + rest + "::endgroup::\n")
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
