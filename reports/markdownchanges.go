package reports

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// openPackages are so few that they need not be folded.
const openPackages = 12

// differences appends what changed on the machines since the base.
func (m *markdown) differences() {
	ch := m.changes
	if ch == nil {
		return
	}
	m.block("#### What changed since " + prose(baseName(ch.against)))
	m.block(ch.words())
	if m.most.machines == 0 {
		return
	}
	m.machines()
	shown := ch.where[:min(len(ch.where), m.most.places)]
	for _, w := range shown {
		m.packages(w)
	}
	if more := len(ch.where) - len(shown); more > 0 {
		m.block("… and packages of " + count(more, "more set") + " of machines")
	}
	m.lists()
}

// machines appends by how much the machines grew.
func (m *markdown) machines() {
	if len(m.changes.alike) == 0 {
		return
	}
	var lines []string
	shown := m.changes.alike[:min(len(m.changes.alike), m.most.machines)]
	for _, a := range shown {
		lines = append(lines, fmt.Sprintf("- %s: **%s**, %s", m.who(a.cells), a.size(), a.words))
	}
	if more := len(m.changes.alike) - len(shown); more > 0 {
		lines = append(lines, "- … and "+count(more, "more kind")+" of change")
	}
	m.block(lines...)
}

// who names machines: all of them if they are, else the first few.
func (m *markdown) who(cells []string) string {
	if all := m.changes.all(cells); all != "" {
		return all
	}
	return prose(some(cells, inlineCells))
}

// packages appends those that changed on the same machines: the notable ones, and
// folded the rest.
func (m *markdown) packages(w where) {
	open := m.most.packages
	if len(w.packages) <= openPackages && m.most.allOfThem > 0 {
		open = len(w.packages)
	}
	open = min(open, len(w.packages))
	m.block("**on " + m.who(w.cells) + ":** " + count(len(w.packages), "package"))
	m.block(fenced("diff", packageLines(w.packages[:open]))...)
	rest := w.packages[open:]
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
		line := changeText(p)
		if rest, found := strings.CutPrefix(line, "−"); found {
			line = "-" + rest
		}
		lines = append(lines, line)
	}
	return lines
}

// lists appends the cells of which there is no closure to compare.
func (m *markdown) lists() {
	var lines []string
	for _, t := range []told{{"changed", m.changes.changed}, {"added", m.changes.added}, {"removed", m.changes.removed}} {
		if len(t.cells) > 0 {
			lines = append(lines, "- "+t.words+": "+m.names(t.cells))
		}
	}
	for i, t := range m.changes.unknown {
		if i == m.most.remarks {
			lines = append(lines, fmt.Sprintf("- … and %s not known", count(len(m.changes.unknown)-i, "more reason")))
			break
		}
		lines = append(lines, "- cannot compare "+m.names(t.cells)+": "+prose(fit(t.words, m.most.title)))
	}
	if len(lines) > 0 {
		m.block(lines...)
	}
}
