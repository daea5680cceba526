package merge

import (
	"cmp"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// base chooses what the run was compared with, and removes comparisons with anything else.
func (m *merger) base() {
	for _, p := range m.parts {
		if b := p.report.Base; b != nil && (m.out.Base == nil || m.out.Base.Missing != "" && b.Missing == "") {
			m.out.Base = b
		}
	}
	if m.out.Base == nil {
		return
	}
	for _, p := range m.parts {
		b := p.report.Base
		switch {
		case b == nil && len(p.report.Cells) == 0, b != nil && b.Missing == "" && sameBase(*b, *m.out.Base):
			continue
		case b == nil:
			m.note("%s was not compared with %s", p.label(), view.BaseName(m.out.Base))
		case b.Missing != "" && m.out.Base.Missing == "":
			m.note("%s was %s", p.label(), view.NotCompared(b))
		case b.Missing == "":
			m.note("%s was compared with %s, not with %s; this report leaves that comparison out", p.label(), view.BaseText(b), view.BaseText(m.out.Base))
		}
		p.report.Cells = slices.DeleteFunc(slices.Clone(p.report.Cells), result.CellResult.Removed)
		for i := range p.report.Cells {
			p.report.Cells[i].Base = nil
		}
	}
}

func sameBase(a, b result.Base) bool {
	if a.Rev != "" || b.Rev != "" {
		return a.Rev == b.Rev
	}
	return a.Ref == b.Ref
}

// label names a report by its machine.
func (p *part) label() string {
	if p.only == nil {
		return p.file
	}
	return p.only.Name
}

// warnings unites the warnings: first those about runs, then those about cells, each with the cells
// whose result comes from the report that warns.
func (m *merger) warnings() {
	type key struct{ text, place string }
	at := map[key]int{}
	add := func(w result.Warning, cell string) {
		key := key{w.Text, ""}
		if w.Location != nil && cell == "" {
			key.place = w.Location.String()
		}
		i, there := at[key]
		if !there {
			i = len(m.out.Warnings)
			at[key] = i
			w.Cells = nil
			m.out.Warnings = append(m.out.Warnings, w)
		}
		if list := &m.out.Warnings[i].Cells; cell != "" && !slices.Contains((*list)[max(0, len(*list)-1):], cell) {
			*list = append(*list, cell)
		}
	}
	about := map[*part]map[string][]result.Warning{}
	for _, p := range m.parts {
		about[p] = map[string][]result.Warning{}
		for _, w := range p.report.Warnings {
			if len(w.Cells) == 0 && !p.repeated {
				add(w, "")
			}
			for _, id := range w.Cells {
				about[p][id] = append(about[p][id], w)
			}
		}
	}
	clear(at)
	for _, c := range m.cells {
		for _, w := range about[c.from][c.ID] {
			add(w, c.ID)
		}
	}
}

// offered is what runs with the same selection say about the cells of a kind.
type offered struct {
	tested map[string]bool // ids
	left   []result.NotTested
}

// count returns how many cells were left out. Zero may mean that nobody counted them.
func (o *offered) count() int {
	n := 0
	for _, l := range o.left {
		n += max(0, l.Count)
	}
	return n
}

// notTested unites what was left out, kind by kind. What another run tested is tested, so there
// are as many left as the flake has, minus all that were tested.
func (m *merger) notTested() {
	lists := m.leftOut()
	if len(lists) == 1 {
		m.out.NotTested = append(m.out.NotTested, lists[0].list...)
		return
	}
	var kinds []result.Kind
	for _, p := range m.parts {
		for _, n := range p.report.NotTested {
			if !slices.Contains(kinds, n.Kind) {
				kinds = append(kinds, n.Kind)
			}
		}
	}
	order := func(k result.Kind) int {
		if i := slices.Index(result.Kinds(), k); i >= 0 {
			return i
		}
		return len(result.Kinds())
	}
	slices.SortStableFunc(kinds, func(a, b result.Kind) int { return cmp.Compare(order(a), order(b)) })
	for _, kind := range kinds {
		m.out.NotTested = append(m.out.NotTested, m.notTestedOf(kind, lists)...)
	}
}

// selection is runs that leave out the same.
type selection struct {
	list  []result.NotTested
	parts []*part
}

// leftOut groups the reports with cells by what they left out.
func (m *merger) leftOut() []selection {
	var groups []selection
	for _, p := range m.parts {
		if len(p.report.Cells) == 0 {
			continue
		}
		i := slices.IndexFunc(groups, func(g selection) bool { return slices.Equal(g.list, p.report.NotTested) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, selection{list: p.report.NotTested})
		}
		groups[i].parts = append(groups[i].parts, p)
	}
	return groups
}

// notTestedOf returns what is left of one kind.
func (m *merger) notTestedOf(kind result.Kind, groups []selection) []result.NotTested {
	tested := map[string]bool{}
	for _, c := range m.cells {
		if c.Kind == kind {
			tested[c.ID] = true
		}
	}
	var least *offered
	total := 0
	for _, g := range groups {
		o := &offered{tested: map[string]bool{}}
		for _, n := range g.list {
			if n.Kind == kind {
				o.left = append(o.left, n)
			}
		}
		if len(o.left) == 0 {
			return nil // these runs left out none
		}
		for _, p := range g.parts {
			for _, c := range p.report.Cells {
				if c.Kind == kind && !c.Removed() {
					o.tested[c.ID] = true
				}
			}
		}
		total = max(total, len(o.tested)+o.count())
		if least == nil || o.count() < least.count() {
			least = o
		}
	}
	if least == nil {
		return nil
	}
	if least.count() == 0 { // nobody counted them
		return least.left
	}
	left := min(least.count(), total-len(tested))
	var list []result.NotTested
	for _, n := range least.left {
		if n.Count = min(n.Count, left); n.Count > 0 {
			list = append(list, n)
			left -= n.Count
		}
	}
	return list
}
