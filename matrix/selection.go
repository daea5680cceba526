package matrix

import "slices"

// Selection says which cells are wanted. What one field lists is joined by "or",
// the fields by "and". An empty field asks for everything.
type Selection struct {
	// Hosts asks for hosts: their systems, their VMs, the homes that name them,
	// that they embed, or that serve them though they name no host.
	Hosts []string
	// Users asks for the homes of users, so it leaves out all that is no home.
	Users []string
	// Kinds asks for kinds of cells.
	Kinds []Kind
	// VMs names the hosts whose VM is wanted, and no other, even where Kinds does
	// not have vm. Empty leaves it to Kinds.
	VMs []string
	// Cells holds patterns for ids, see [Glob]. One of them has to match something;
	// [Matrix.Unmatched] tells which do not.
	Cells []string
	// Exclude holds patterns for the ids of cells to leave out.
	Exclude []string
	// Systems asks for systems such as x86_64-linux. A cell whose system only
	// evaluation will tell is taken if it may be for one of them; [Selection.Admits]
	// then gives the last word.
	Systems []string
}

// Select keeps the cells that are wanted and the rows and columns they stand
// in. A name that is not in the flake, or patterns of which none matches a cell of
// it, are an [*UnknownError], a pattern that cannot be read a [*GlobError], and a
// selection that leaves nothing a [*NothingError].
func (m Matrix) Select(s Selection) (Matrix, error) {
	if len(m.Cells) == 0 {
		return Matrix{}, &NothingError{Reason: "the flake offers nothing to evaluate or build"}
	}
	o := m.offered()
	if err := s.check(o); err != nil {
		return Matrix{}, err
	}
	cells := m.Cells
	for _, f := range s.filters(o) {
		kept := slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !f.keep(c) })
		if len(kept) == 0 {
			return Matrix{}, nothing(f, cells)
		}
		cells = kept
	}
	return assemble(o, cells, s.rows(m.within)), nil
}

// Admits reports whether a single cell is wanted: a home found while its host
// was evaluated, or a cell whose system has become known. With Hosts it does not
// admit a bare home, as only the whole flake tells whom that serves; a pattern
// that cannot be read, which Select would refuse, stands for no more than itself.
func (s Selection) Admits(c Cell) bool {
	filters := s.filters(newOffer([]Cell{c}))
	return !slices.ContainsFunc(filters, func(f filter) bool { return !f.keep(c) })
}

// rows narrows the rows to show by the hosts asked for.
func (s Selection) rows(within []string) []string {
	if len(s.Hosts) == 0 {
		return within
	}
	return slices.DeleteFunc(slices.Clone(s.Hosts), func(host string) bool {
		return within != nil && !slices.Contains(within, host)
	})
}
