package reports

import (
	"cmp"
	"fmt"
	"io"

	"github.com/flakeci/flakeci/result"
)

// WriteDiff writes what changed since the base for a terminal, all of it, and of
// what does not pass whether it did before.
func WriteDiff(w io.Writer, r result.Report, o TableOptions) error {
	r = terminal().report(r)
	p := &page{options: o}
	p.head(r)
	p.gap()
	switch ch := newChanges(r); {
	case ch == nil && r.Base != nil:
		p.hang("not compared with " + baseName(r.Base) + ": " + r.Base.Missing)
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
func (p *page) allChanges(ch *changes) {
	p.hang("against " + baseLabel(ch.against) + ": " + ch.words())
	for _, a := range ch.alike {
		p.within(machineNames(ch, a.cells) + ": " + a.size() + ", " + a.words)
	}
	for _, w := range ch.where {
		p.gap()
		p.hang("on " + machineNames(ch, w.cells) + ":")
		for _, change := range w.packages {
			p.add("  " + changeText(change))
		}
	}
	p.gap()
	for _, g := range []told{{"changed", ch.changed}, {"added", ch.added}, {"removed", ch.removed}} {
		if len(g.cells) > 0 {
			p.hang(g.words + ": " + and(g.cells))
		}
	}
	for _, u := range ch.unknown {
		p.hang(fmt.Sprintf("cannot compare %s: %s", and(u.cells), u.words))
	}
}

// machineNames names machines: all of them if they are, else each.
func machineNames(ch *changes, cells []string) string { return cmp.Or(ch.all(cells), and(cells)) }

// outcomes appends what is not as it was in another way.
func (p *page) outcomes(r result.Report) {
	p.gap()
	for _, o := range []struct {
		outcome result.Outcome
		words   string
		tone    tone
		sign    string
	}{{result.NewFailure, "new failure", bad, signFailed}, {result.AlreadyBroken, "already broken", warn, signFailed}, {result.Fixed, "fixed", good, signPassed}} {
		var ids []string
		for _, c := range r.Cells {
			if c.Outcome() == o.outcome {
				ids = append(ids, c.ID)
			}
		}
		if len(ids) > 0 {
			p.hang(p.in(o.tone, o.sign) + " " + o.words + ": " + and(ids))
		}
	}
}
