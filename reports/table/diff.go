package table

import (
	"cmp"
	"fmt"
	"io"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// WriteDiff writes everything that changed since the base for a terminal, and whether what
// fails now failed before.
func WriteDiff(w io.Writer, r result.Report, o Options) error {
	r = view.Terminal().Report(r)
	p := &page{options: o}
	p.head(r)
	p.gap()
	switch ch := view.NewChanges(r); {
	case ch == nil && r.Base != nil:
		p.paragraph(view.NotCompared(r.Base))
	case ch == nil:
		p.add("there is nothing to compare with")
	default:
		p.allChanges(ch)
		p.outcomes(r)
	}
	p.gap()
	p.verdict(r)
	return p.writeTo(w)
}

// allChanges appends every machine and every package.
func (p *page) allChanges(ch *view.Changes) {
	p.paragraph("against " + view.BaseText(ch.Base) + ": " + ch.Summary())
	for _, g := range ch.Machines {
		p.item(machineNames(ch, g.Cells) + ": " + g.Size() + ", " + g.Text)
	}
	for _, g := range ch.Packages {
		p.gap()
		p.paragraph("on " + machineNames(ch, g.Cells) + ":")
		for _, change := range g.Packages {
			p.add("  " + view.ChangeText(change))
		}
	}
	p.gap()
	for _, n := range ch.Lists() {
		p.paragraph(n.Text + ": " + view.JoinAnd(n.Cells))
	}
	for _, n := range ch.Unknown {
		p.paragraph(fmt.Sprintf("cannot compare %s: %s", view.JoinAnd(n.Cells), n.Text))
	}
}

// machineNames names machines, together if they are all there are, else each.
func machineNames(ch *view.Changes, cells []string) string {
	return cmp.Or(ch.AllName(cells), view.JoinAnd(cells))
}

// outcomes appends the cells that fail now or failed at the base.
func (p *page) outcomes(r result.Report) {
	p.gap()
	for _, o := range []struct {
		outcome result.Outcome
		words   string
		tone    view.Tone
		sign    string
	}{{result.NewFailure, "new failure", view.Bad, view.SignFailed}, {result.AlreadyBroken, "already broken", view.Warn, view.SignFailed}, {result.Fixed, "fixed", view.Good, view.SignPassed}} {
		var ids []string
		for _, c := range r.Cells {
			if c.Outcome() == o.outcome {
				ids = append(ids, c.ID)
			}
		}
		if len(ids) > 0 {
			p.paragraph(p.in(o.tone, o.sign) + " " + o.words + ": " + view.JoinAnd(ids))
		}
	}
}
