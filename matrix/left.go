package matrix

import "slices"

// Left is the cells of one kind that one filter of a selection leaves out.
type Left struct {
	Kind   Kind
	Filter string // "kind", "host", "user", "system", "cell" or "exclude"
	Cells  []Cell
}

// Left lists what a selection leaves out, each cell under the first filter that does
// not want it, filters in the order above and kinds in display order. A VM that
// nobody asked to boot is not among them: its host is a cell of its own.
func (m Matrix) Left(s Selection) []Left {
	var all []Left
	cells := m.Cells
	for _, f := range s.filters(m.offered()) {
		var out []Cell
		cells = slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
			if f.keep(c) {
				return false
			}
			if c.Kind != KindVM || f.name != "kind" {
				out = append(out, c)
			}
			return true
		})
		for _, kind := range kindsOf(out) {
			of := slices.DeleteFunc(slices.Clone(out), func(c Cell) bool { return c.Kind != kind })
			all = append(all, Left{Kind: kind, Filter: f.name, Cells: of})
		}
	}
	return all
}

// Unmatched lists the patterns that match no cell at all.
func (m Matrix) Unmatched(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool {
		g, _ := ParseGlob(pattern) // one that cannot be read matches what it looks like
		return slices.ContainsFunc(m.offered().cells, func(c Cell) bool { return g.Match(c.ID) })
	})
}

// MayMatchBelow says whether the pattern may match some id that begins so. True may be
// wrong: it looks at no more than what stands before the first sign with a meaning.
func (g Glob) MayMatchBelow(prefix string) bool {
	fixed := g.pattern
	for i := range len(fixed) {
		if slices.Contains([]byte(`*?[\`), fixed[i]) {
			fixed = fixed[:i]
			break
		}
	}
	n := min(len(fixed), len(prefix))
	return fixed[:n] == prefix[:n]
}
