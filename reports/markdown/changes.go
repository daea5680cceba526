package markdown

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// openPackages are so few that they need not be folded.
const openPackages = 12

// differences appends what changed on the machines since the base.
func (m *document) differences() {
	ch := m.changes
	if ch == nil {
		return
	}
	m.block("#### What changed since " + prose(view.BaseName(ch.Base)))
	m.block(ch.Summary())
	if m.most.machines == 0 {
		return
	}
	m.machines()
	shown := ch.Packages[:min(len(ch.Packages), m.most.places)]
	for _, w := range shown {
		m.packages(w)
	}
	if more := len(ch.Packages) - len(shown); more > 0 {
		m.block("… and packages of " + view.Count(more, "more set") + " of machines")
	}
	m.lists()
}

// machines appends by how much the machines grew.
func (m *document) machines() {
	if len(m.changes.Machines) == 0 {
		return
	}
	var lines []string
	shown := m.changes.Machines[:min(len(m.changes.Machines), m.most.machines)]
	for _, a := range shown {
		lines = append(lines, fmt.Sprintf("- %s: **%s**, %s", m.who(a.Cells), a.Size(), a.Text))
	}
	if more := len(m.changes.Machines) - len(shown); more > 0 {
		lines = append(lines, "- … and "+view.Count(more, "more kind")+" of change")
	}
	m.block(lines...)
}

// who names machines: all of them if they are, else the first few.
func (m *document) who(cells []string) string {
	if all := m.changes.AllName(cells); all != "" {
		return all
	}
	return prose(view.JoinFirst(cells, view.InlineCells))
}

// packages appends those that changed on the same machines: the notable ones, and
// folded the rest.
func (m *document) packages(w view.PackageGroup) {
	open := m.most.packages
	if len(w.Packages) <= openPackages && m.most.allOfThem > 0 {
		open = len(w.Packages)
	}
	open = min(open, len(w.Packages))
	m.block("**on " + m.who(w.Cells) + ":** " + view.Count(len(w.Packages), "package"))
	m.block(fenced("diff", packageLines(w.Packages[:open]))...)
	rest := w.Packages[open:]
	shown := rest[:min(len(rest), m.most.allOfThem)]
	switch text := fmt.Sprintf("%d more", len(rest)); {
	case len(rest) == 0:
	case len(shown) == 0:
		m.block("… and " + text)
	default:
		m.folded(text, func() {
			lines := packageLines(shown)
			if more := len(rest) - len(shown); more > 0 {
				lines = append(lines, fmt.Sprintf("… (%d more)", more))
			}
			m.block(fenced("diff", lines)...)
		})
	}
}

// packageLines are coloured as a difference is.
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

// lists appends the cells of which there is no closure to compare.
func (m *document) lists() {
	var lines []string
	for _, t := range m.changes.Lists() {
		lines = append(lines, "- "+t.Text+": "+m.names(t.Cells))
	}
	for i, t := range m.changes.Unknown {
		if i == m.most.remarks {
			lines = append(lines, fmt.Sprintf("- … and %s not known", view.Count(len(m.changes.Unknown)-i, "more reason")))
			break
		}
		lines = append(lines, "- cannot compare "+m.names(t.Cells)+": "+prose(view.Fit(t.Text, m.most.title)))
	}
	if len(lines) > 0 {
		m.block(lines...)
	}
}
