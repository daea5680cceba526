// Package plain prints a run in progress as lines: one for each finished cell, with the causes
// below it if the cell failed, and a heartbeat in between.
package plain

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/progress"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Options say what to print, and how.
type Options struct {
	// Write writes text in one piece.
	Write func(text string)
	Color bool
	// Fold folds details of what was built, and the logs of what failed, for GitHub's log.
	Fold bool
	// Terminal means that the text goes to a terminal, where the first heartbeat comes
	// sooner.
	Terminal bool
	Matrix   matrix.Matrix
}

// Printer prints the progress of a run.
type Printer struct {
	options Options

	mu      sync.Mutex
	state   *progress.State
	tails   tails
	shown   map[*result.Cause]string // the first cell of each cause that was printed
	next    time.Time                // when to print a heartbeat if nothing is printed before
	printed bool                     // anything
	hushed  bool                     // no more heartbeats
	ended   chan struct{}
	beating sync.WaitGroup
}

// Start begins to print.
func Start(o Options) *Printer {
	p := newPrinter(o)
	p.beating.Go(safely.Func(p.beat))
	return p
}

func newPrinter(o Options) *Printer {
	return &Printer{
		options: o, state: progress.New(o.Matrix, time.Now), shown: map[*result.Cause]string{},
		next: time.Now().Add(firstInterval(o.Terminal)), ended: make(chan struct{}),
	}
}

// Stop ends the heartbeats. If anything was printed, an empty line separates it from the
// report.
func (p *Printer) Stop() {
	close(p.ended)
	p.beating.Wait()
	if p.printed {
		p.options.Write("\n")
	}
}

// Hush ends the heartbeats: something else uses the terminal.
func (p *Printer) Hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hushed = true
}

// Subscriber follows the run for the printer.
func (p *Printer) Subscriber() event.Subscriber {
	return event.Subscriber{Handle: p.handle, Lines: p.options.Fold}
}

func (p *Printer) handle(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := e.(event.Line); ok {
		p.tails.add(l.Drv, l.Text)
		return
	}
	p.state.Apply(e)
	switch e := e.(type) {
	case event.Finished:
		p.finished(e.Result)
	case event.Compared:
		p.compared(e.Result)
	case event.Retrying:
		p.print([]string{fmt.Sprintf("↻ %s %s: %s; retrying", nameSome(e.Cells), e.Phase, e.Cause.Title)})
	case event.Stalled:
		if e.Silent > 0 && len(e.Cells) > 0 {
			p.print([]string{fmt.Sprintf("… %s: %s has printed nothing for %s", nameSome(e.Cells), clean.Clean(storepath.Name(e.Drv)), view.FormatDuration(e.Silent))})
		}
	}
}

// finished prints a cell's line and, if it did not pass, why. Cells taken over from an earlier
// run are not printed: one line reports them all.
func (p *Printer) finished(r outcome.Result) {
	if !r.From.IsZero() && r.Status.OK() {
		return
	}
	if details := p.details(r); len(details) > 0 {
		p.fold(append([]string{headline(r)}, details...))
		return
	}
	lines, news := p.block(r)
	p.print(lines)
	if !p.options.Fold {
		return
	}
	for _, c := range news {
		if lines := log(c); lines != nil {
			p.fold(lines)
		}
	}
}

// compared prints how a cell compares with the base, if that matters.
func (p *Printer) compared(r outcome.Result) {
	formats := map[result.Outcome]string{result.NewFailure: "✘ %s: new", result.AlreadyBroken: "✘ %s: already broken", result.Fixed: "✔ %s: fixed"}
	if format := formats[r.Base.Outcome]; format != "" {
		p.print([]string{fmt.Sprintf(format, r.Cell.ID)})
	}
}

// nameSome names the first of some cells.
func nameSome(cells []result.Cell) string {
	if len(cells) > 1 {
		return fmt.Sprintf("%s and %d more", cells[0].ID, len(cells)-1)
	}
	return cells[0].ID
}

// print prints lines.
func (p *Printer) print(lines []string) { p.options.Write(p.text(lines)) }

// text makes lines safe to print, and colors the sign at the start of the first.
func (p *Printer) text(lines []string) string {
	p.printed, p.next = true, time.Now().Add(interval)
	var b strings.Builder
	for i, l := range lines {
		l = clean.Line(clean.Clean(l))
		if i == 0 && p.options.Color {
			mark, rest, _ := strings.Cut(l, " ")
			l = colorOf(mark) + mark + "\x1b[0m " + rest
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// fold prints lines that GitHub's log folds under the first one. That is the value of a
// command, in which %0A would be a line break.
func (p *Printer) fold(lines []string) {
	title, rest, _ := strings.Cut(p.text(lines), "\n")
	p.options.Write("::group::" + strings.ReplaceAll(title, "%", "%25") + "\n" + rest + "::endgroup::\n")
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
