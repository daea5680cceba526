package markdown

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// openPackages is how many packages are shown without folding.
const openPackages = 12

// writeChanges appends what changed since the base.
func (d *document) writeChanges() {
	ch := d.changes
	if ch == nil {
		return
	}
	d.block("#### What changed since " + prose(view.BaseName(ch.Base)))
	d.block(ch.Summary())
	if d.limits.machines == 0 {
		return
	}
	d.machines()
	shown := ch.Packages[:min(len(ch.Packages), d.limits.groups)]
	for _, g := range shown {
		d.packages(g)
	}
	if more := len(ch.Packages) - len(shown); more > 0 {
		d.block("… and packages of " + view.Count(more, "more set") + " of machines")
	}
	d.lists()
}

// machines appends the sizes of the machines.
func (d *document) machines() {
	if len(d.changes.Machines) == 0 {
		return
	}
	var lines []string
	shown := d.changes.Machines[:min(len(d.changes.Machines), d.limits.machines)]
	for _, g := range shown {
		lines = append(lines, fmt.Sprintf("- %s: **%s**, %s", d.machineNames(g.Cells), g.Size(), g.Text))
	}
	if more := len(d.changes.Machines) - len(shown); more > 0 {
		lines = append(lines, "- … and "+view.Count(more, "more kind")+" of change")
	}
	d.block(lines...)
}

// machineNames names machines, together if they are all there are, else the first few.
func (d *document) machineNames(cells []string) string {
	if all := d.changes.AllName(cells); all != "" {
		return all
	}
	return prose(view.JoinFirst(cells, view.InlineCells))
}

// packages appends the packages of a group: first the notable ones, then the others, folded.
func (d *document) packages(g view.PackageGroup) {
	open := d.limits.packages
	if len(g.Packages) <= openPackages && d.limits.allPackages > 0 {
		open = len(g.Packages)
	}
	open = min(open, len(g.Packages))
	d.block("**on " + d.machineNames(g.Cells) + ":** " + view.Count(len(g.Packages), "package"))
	d.block(fenced("diff", packageLines(g.Packages[:open]))...)
	rest := g.Packages[open:]
	shown := rest[:min(len(rest), d.limits.allPackages)]
	switch text := fmt.Sprintf("%d more", len(rest)); {
	case len(rest) == 0:
	case len(shown) == 0:
		d.block("… and " + text)
	default:
		d.folded(text, func() {
			lines := packageLines(shown)
			if more := len(rest) - len(shown); more > 0 {
				lines = append(lines, fmt.Sprintf("… (%d more)", more))
			}
			d.block(fenced("diff", lines)...)
		})
	}
}

// packageLines writes changes in a form that GitHub colors as a diff.
func packageLines(packages []result.PackageChange) []string {
	var lines []string
	for _, p := range packages {
		line := view.ChangeText(p)
		if rest, found := strings.CutPrefix(line, "−"); found {
			line = "-" + rest
		}
		lines = append(lines, line)
	}
	return lines
}

// lists appends the cells without a closure to compare.
func (d *document) lists() {
	var lines []string
	for _, n := range d.changes.Lists() {
		lines = append(lines, "- "+n.Text+": "+d.names(n.Cells))
	}
	for i, n := range d.changes.Unknown {
		if i == d.limits.remarks {
			lines = append(lines, fmt.Sprintf("- … and %s", view.Count(len(d.changes.Unknown)-i, "more reason")))
			break
		}
		lines = append(lines, "- cannot compare "+d.names(n.Cells)+": "+prose(view.Fit(n.Text, d.limits.title)))
	}
	if len(lines) > 0 {
		d.block(lines...)
	}
}
