// Package table writes a report as text for a terminal.
package table

import (
	"cmp"
	"fmt"
	"io"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// Options says how the text should look. The zero value is plain text of any width.
type Options struct {
	Color bool // use colors
	Width int  // columns of the terminal; 0 means no limit
}

// Write writes the report for a terminal: what was tested, the grid of hosts and users, other
// kinds of cells, the causes of failures, what was not tested, and the verdict as the last
// line. Nothing in the report can act as an escape sequence or as a command to GitHub's
// runner.
func Write(w io.Writer, r result.Report, o Options) error {
	r = view.Terminal().Report(r)
	p := &page{options: o}
	p.head(r)
	index, layout := view.NewCauseIndex(r), view.NewLayout(r)
	p.gap()
	if err := p.shortGrid(layout, index); err != nil {
		return fmt.Errorf("lay out the grid: %w", err)
	}
	if err := p.otherKinds(layout.Others); err != nil {
		return fmt.Errorf("lay out the counts: %w", err)
	}
	p.remarks(r, view.Labeler{Index: index})
	p.changes(r)
	p.causes(r, index)
	p.gap()
	if left := view.NotTestedText(r); left != "" {
		p.fact("not tested: " + left)
	}
	p.verdict(r)
	return p.writeTo(w)
}

// fact appends a paragraph. Outside of a terminal it is one line, for programs that look for it.
func (p *page) fact(text string) {
	if p.room(0) == 0 {
		p.add(text)
		return
	}
	p.paragraph(text)
}

// head appends what was tested, with which Nix, and how long it took.
func (p *page) head(r result.Report) {
	facts := []string{p.in(view.Strong, "flakeci") + "  " + cmp.Or(r.Flake.Ref, r.Flake.Locked, "?") + view.Revision(r.Flake)}
	if r.Nix.Version != "" {
		facts = append(facts, "nix "+r.Nix.Version)
	}
	facts = append(facts, view.CellsText(r.Cells))
	if n := len(r.Machines); n > 1 {
		facts = append(facts, view.Count(n, "machine"))
	}
	if r.Duration > 0 {
		facts = append(facts, view.FormatSeconds(r.Duration))
	}
	line := facts[0]
	for _, fact := range facts[1:] {
		if next := line + "   " + fact; p.room(0) == 0 || view.Width(next) <= p.room(0) {
			line = next
			continue
		}
		p.add(line)
		line = "         " + fact
	}
	p.add(line)
	for _, how := range view.SlowBoots(r.Cells) {
		p.paragraph("booted " + how)
	}
}

// verdict appends the last line.
func (p *page) verdict(r result.Report) {
	tone := view.Warn
	switch r.Verdict {
	case result.VerdictPassed:
		tone = view.Good
	case result.VerdictFailed:
		tone = view.Bad
	}
	p.add(p.in(tone, string(r.Verdict)+":") + " " + view.SummaryText(r))
}
