package matrix

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// Selection says which cells are wanted. A cell must match every field, and any value of a field.
// An empty field matches everything.
type Selection struct {
	// Hosts selects hosts: their systems, their VMs, and the homes that name them, that
	// they embed, or that serve them without naming a host.
	Hosts []string
	// Users selects the homes of users, and nothing that is not a home.
	Users []string
	// Kinds selects kinds of cells.
	Kinds []result.Kind
	// VMs selects the VMs of these hosts and no others, even if Kinds does not have vm. If it
	// is empty, Kinds decides.
	VMs []string
	// Cells has patterns for ids; see [Glob]. One of them must match something;
	// [Matrix.Unmatched] returns those that do not.
	Cells []string
	// Exclude has patterns for the ids of cells to leave out.
	Exclude []string
	// Systems selects systems such as x86_64-linux. A cell whose system only evaluation can
	// tell is kept if it may have one of them; [Selection.Admits] decides later.
	Systems []string
	// Job selects the cells of one job of a [Strategy]. It is nil if all cells are wanted.
	Job *Job `json:",omitempty"`
}

// Select keeps the wanted cells with their rows and columns. The error is an [*UnknownError] if the
// flake does not have a name or if no pattern matches a cell, a [*GlobError] if a pattern is
// malformed, and a [*NothingError] if nothing is left.
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
		kept := slices.DeleteFunc(slices.Clone(cells), func(c result.Cell) bool { return !f.keep(c) })
		if len(kept) == 0 {
			return Matrix{}, newNothingError(f, cells)
		}
		cells = kept
	}
	return assemble(o, cells, scope{s.rows(m.scope.hosts), m.untested(s)}), nil
}

// Admits reports whether a single cell is wanted: a home found in the evaluation of its host, or a
// cell whose system has become known. With Hosts it does not admit a bare home, since only the
// whole flake shows which hosts such a home serves. A malformed pattern matches only itself.
func (s Selection) Admits(c result.Cell) bool {
	filters := s.filters(newOffer([]result.Cell{c}, nil))
	return !slices.ContainsFunc(filters, func(f filter) bool { return !f.keep(c) })
}

// rows limits the rows to the selected hosts.
func (s Selection) rows(within []string) []string {
	if len(s.Hosts) == 0 {
		return within
	}
	return slices.DeleteFunc(slices.Clone(s.Hosts), func(host string) bool {
		return within != nil && !slices.Contains(within, host)
	})
}

// untested lists the hosts that a selection of hosts leaves out only because of their kind, as the
// default does with Macs. They still have a row, so that nobody thinks they were tested.
func (m Matrix) untested(s Selection) []result.Cell {
	alike := s
	alike.Kinds, alike.Job = nil, nil
	filters := alike.filters(m.offered())
	if s.Job != nil {
		if i, _ := s.Job.Number(); i > 1 {
			return nil // the first shard shows them
		}
	}
	cells := m.scope.untested
	for _, c := range m.Cells {
		if c.Kind.IsHost() && slices.Contains(s.Kinds, result.KindNixOS) && !s.wantsKind(c) {
			cells = append(cells[:len(cells):len(cells)], c)
		}
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c result.Cell) bool {
		return slices.ContainsFunc(filters, func(f filter) bool { return !f.keep(c) })
	})
}
