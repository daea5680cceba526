package matrix

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// LeftOut is the cells of one kind that one filter leaves out.
type LeftOut struct {
	Kind   result.Kind
	Filter string // "kind", "host", "user", "system", "cell", "exclude" or "shard"
	Cells  []result.Cell
}

// LeftOut lists the cells that a selection leaves out, each under the first filter that does so.
// It omits VMs that were not requested, since their hosts are cells of their own.
func (m Matrix) LeftOut(s Selection) []LeftOut {
	var all []LeftOut
	cells := m.Cells
	for _, f := range s.filters(m.offered()) {
		var out []result.Cell
		cells = slices.DeleteFunc(slices.Clone(cells), func(c result.Cell) bool {
			if f.keep(c) {
				return false
			}
			if c.Kind != result.KindVM || f.name != "kind" {
				out = append(out, c)
			}
			return true
		})
		for _, kind := range kindsIn(out) {
			of := slices.DeleteFunc(slices.Clone(out), func(c result.Cell) bool { return c.Kind != kind })
			all = append(all, LeftOut{Kind: kind, Filter: f.name, Cells: of})
		}
	}
	return all
}

// Unmatched returns the patterns that match no cell of the flake.
func (m Matrix) Unmatched(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool {
		g, _ := ParseGlob(pattern) // a malformed pattern matches only itself
		return slices.ContainsFunc(m.offered().cells, func(c result.Cell) bool { return g.Match(c.ID) })
	})
}
