package reports

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// changes appends what became of the machines since the base, in a few lines.
func (p *page) changes(r result.Report) {
	p.gap()
	if r.Base != nil && r.Base.Missing != "" {
		p.hang("not compared with " + baseName(r.Base) + ": " + r.Base.Missing)
		return
	}
	ch := newChanges(r)
	if ch == nil {
		return
	}
	p.hang("against " + baseLabel(ch.against) + ": " + ch.words())
	for i, a := range ch.alike {
		if i == tableMachines {
			p.add(fmt.Sprintf("  … and %s more", count(len(ch.alike)-i, "kind of change")))
			break
		}
		p.within(ch.who(a.cells) + ": " + a.size() + ", " + a.words)
	}
	for i, w := range ch.where {
		if i == tableWhere {
			break
		}
		var names []string
		for _, change := range w.packages[:min(len(w.packages), tablePackages)] {
			names = append(names, changeText(change))
		}
		if more := len(w.packages) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		text := strings.Join(names, ", ")
		if len(ch.where) > 1 || len(ch.alike) > 1 {
			text = "on " + ch.who(w.cells) + ": " + text
		}
		p.within(text)
	}
	for _, g := range []told{{"changed", ch.changed}, {"added", ch.added}, {"removed", ch.removed}} {
		if len(g.cells) > 0 {
			p.within(g.words + ": " + some(g.cells, tableMachines))
		}
	}
	for _, u := range ch.unknown {
		p.within("cannot compare " + some(u.cells, inlineCells) + ": " + u.words)
	}
}

// within appends prose below a line that it belongs to.
func (p *page) within(text string) {
	for i, line := range wrap(text, p.measure(len(indent))) {
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
