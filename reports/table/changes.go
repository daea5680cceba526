package table

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// changes appends what became of the machines since the base, in a few lines.
func (p *page) changes(r result.Report) {
	p.gap()
	if r.Base != nil && r.Base.Missing != "" {
		p.hang("not compared with " + view.BaseName(r.Base) + ": " + r.Base.Missing)
		return
	}
	ch := view.NewChanges(r)
	if ch == nil {
		return
	}
	p.hang("against " + view.BaseText(ch.Base) + ": " + ch.Summary())
	for i, a := range ch.Machines {
		if i == tableMachines {
			p.add(fmt.Sprintf("  … and %s more", view.Count(len(ch.Machines)-i, "kind of change")))
			break
		}
		p.within(ch.Names(a.Cells) + ": " + a.Size() + ", " + a.Text)
	}
	for i, w := range ch.Packages {
		if i == tableWhere {
			break
		}
		var names []string
		for _, change := range w.Packages[:min(len(w.Packages), tablePackages)] {
			names = append(names, view.ChangeText(change))
		}
		if more := len(w.Packages) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		text := strings.Join(names, ", ")
		if len(ch.Packages) > 1 || len(ch.Machines) > 1 {
			text = "on " + ch.Names(w.Cells) + ": " + text
		}
		p.within(text)
	}
	for _, g := range ch.Lists() {
		p.within(g.Text + ": " + view.JoinFirst(g.Cells, tableMachines))
	}
	for _, u := range ch.Unknown {
		p.within("cannot compare " + view.JoinFirst(u.Cells, view.InlineCells) + ": " + u.Text)
	}
}

// within appends prose below a line that it belongs to.
func (p *page) within(text string) {
	for i, line := range view.Wrap(text, p.measure(len(indent))) {
		if i == 0 {
			p.add("  " + line)
			continue
		}
		p.add(indent + line)
	}
}

// The most that the terminal form says of the changes; the other forms say all.
const (
	tableMachines = 8
	tablePackages = 5
	tableWhere    = 4
)
