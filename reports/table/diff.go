package table

import (
	"cmp"
	"fmt"
	"io"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// WriteDiff writes what changed since the base for a terminal, all of it, and of
// what does not pass whether it did before.
func WriteDiff(w io.Writer, r result.Report, o Options) error {
	r = view.Terminal().Report(r)
	p := &page{options: o}
	p.head(r)
	p.gap()
	switch ch := view.NewChanges(r); {
	case ch == nil && r.Base != nil:
		p.hang("not compared with " + view.BaseName(r.Base) + ": " + r.Base.Missing)
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
	p.hang("against " + view.BaseText(ch.Base) + ": " + ch.Summary())
	for _, a := range ch.Machines {
		p.within(machineNames(ch, a.Cells) + ": " + a.Size() + ", " + a.Text)
	}
	for _, w := range ch.Packages {
		p.gap()
		p.hang("on " + machineNames(ch, w.Cells) + ":")
		for _, change := range w.Packages {
			p.add("  " + view.ChangeText(change))
		}
	}
	p.gap()
	for _, g := range ch.Lists() {
		p.hang(g.Text + ": " + view.JoinAnd(g.Cells))
	}
	for _, u := range ch.Unknown {
		p.hang(fmt.Sprintf("cannot compare %s: %s", view.JoinAnd(u.Cells), u.Text))
	}
}

// machineNames names machines: all of them if they are, else each.
func machineNames(ch *view.Changes, cells []string) string {
	return cmp.Or(ch.AllName(cells), view.JoinAnd(cells))
}

// outcomes appends what is not as it was in another way.
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
			p.hang(p.in(o.tone, o.sign) + " " + o.words + ": " + view.JoinAnd(ids))
		}
	}
}
