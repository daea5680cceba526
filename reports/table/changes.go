package table

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// changes appends what changed since the base, in a few lines.
func (p *page) changes(r result.Report) {
	p.gap()
	if r.Base != nil && r.Base.Missing != "" {
		p.paragraph(view.NotCompared(r.Base))
		return
	}
	ch := view.NewChanges(r)
	if ch == nil {
		return
	}
	p.paragraph("against " + view.BaseText(ch.Base) + ": " + ch.Summary())
	for i, g := range ch.Machines {
		if i == maxMachines {
			p.add(fmt.Sprintf("  … and %s of change", view.Count(len(ch.Machines)-i, "more kind")))
			break
		}
		p.item(ch.Names(g.Cells) + ": " + g.Size() + ", " + g.Text)
	}
	for _, g := range ch.Packages[:min(len(ch.Packages), maxPackageGroups)] {
		var names []string
		for _, change := range g.Packages[:min(len(g.Packages), maxPackages)] {
			names = append(names, view.ChangeText(change))
		}
		if more := len(g.Packages) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		text := strings.Join(names, ", ")
		if len(ch.Packages) > 1 || len(ch.Machines) > 1 {
			text = "on " + ch.Names(g.Cells) + ": " + text
		}
		p.item(text)
	}
	for _, n := range ch.Lists() {
		p.item(n.Text + ": " + view.JoinFirst(n.Cells, maxMachines))
	}
	for _, n := range ch.Unknown {
		p.item("cannot compare " + view.JoinFirst(n.Cells, view.InlineCells) + ": " + n.Text)
	}
}

// How much the table shows of the changes; the other forms show everything.
const (
	maxMachines      = 8
	maxPackages      = 5
	maxPackageGroups = 4
)
