package matrix

import (
	"cmp"
	"slices"
	"strings"
)

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
	// VMs names hosts whose VM is wanted even where Kinds does not have vm.
	VMs []string
	// Cells holds patterns for ids, see [Glob]. Each has to match something.
	Cells []string
	// Exclude holds patterns for the ids of cells to leave out.
	Exclude []string
	// Systems asks for systems such as x86_64-linux. A cell whose system only
	// evaluation will tell is taken if it may be for one of them; [Selection.Admits]
	// then gives the last word.
	Systems []string
}

// Select keeps the cells that are wanted and the rows and columns they stand
// in. A name that is not in the flake, or a pattern that matches no cell of it,
// is an [*UnknownError], a pattern that cannot be read a [*GlobError], and a
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

// filter is one reason to leave cells out.
type filter struct {
	name   string
	values []string
	keep   func(Cell) bool
}

// filters lists the filters that are set, those first that say most clearly why
// nothing is left.
func (s Selection) filters(o *offer) []filter {
	cells, exclude := globs(s.Cells), globs(s.Exclude)
	all := []filter{
		{"kind", kindNames(s.Kinds), s.wantsKind},
		{"host", s.Hosts, func(c Cell) bool {
			return slices.ContainsFunc(o.rows(c), func(host string) bool { return slices.Contains(s.Hosts, host) })
		}},
		{"user", s.Users, func(c Cell) bool { return c.Kind == KindHome && slices.Contains(s.Users, c.User) }},
		{"system", s.Systems, s.mayBeFor},
		{"cell", s.Cells, func(c Cell) bool { return matchesAny(cells, c.ID) }},
		{"exclude", s.Exclude, func(c Cell) bool { return !matchesAny(exclude, c.ID) }},
	}
	return slices.DeleteFunc(all, func(f filter) bool { return len(f.values) == 0 })
}

func (s Selection) wantsKind(c Cell) bool {
	return slices.Contains(s.Kinds, c.Kind) || c.Kind == KindVM && slices.Contains(s.VMs, c.Host)
}

// mayBeFor reports whether a cell is, or may turn out to be, for a system that
// was asked for.
func (s Selection) mayBeFor(c Cell) bool {
	return slices.ContainsFunc(s.Systems, func(system string) bool {
		return c.System == system || c.System == "" && strings.HasSuffix(system, systemOf(c))
	})
}

func matchesAny(globs []Glob, id string) bool {
	return slices.ContainsFunc(globs, func(g Glob) bool { return g.Match(id) })
}

// check looks for names that are nowhere in the flake. It looks at all of the
// flake rather than at what an earlier selection left, so that selecting the
// same twice is no error.
func (s Selection) check(o *offer) error {
	var hosts, vms, ids, systems []string
	for _, c := range o.cells {
		ids = append(ids, c.ID)
		if c.Kind == KindVM {
			vms = append(vms, c.Host)
		}
		if o.isOrphan(c) {
			hosts = append(hosts, c.Host)
		}
		if c.System != "" {
			systems = append(systems, c.System)
		}
	}
	hosts = append(hosts, o.hosts...)
	systems = append(systems, nixSystems()...)
	return cmp.Or(
		known("host", s.Hosts, hosts),
		known("host", s.VMs, vms),
		known("user", s.Users, o.users),
		known("kind", kindNames(s.Kinds), kindNames(Kinds())),
		known("system", s.Systems, systems),
		checkGlobs(s.Cells, ids, true),
		checkGlobs(s.Exclude, ids, false),
	)
}

// checkGlobs looks for patterns that cannot be read, unless they are ids, and
// if they must, for those that match no cell of the flake.
func checkGlobs(patterns, ids []string, must bool) error {
	for _, pattern := range patterns {
		g, err := ParseGlob(pattern)
		if slices.ContainsFunc(ids, g.Match) {
			continue
		}
		if err != nil {
			return err
		}
		if must {
			return unknown("cell", pattern, ids)
		}
	}
	return nil
}

// known returns an error for the first name that is not among those there are.
func known(what string, names, all []string) error {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	for _, name := range names {
		if !slices.Contains(all, name) {
			return unknown(what, name, all)
		}
	}
	return nil
}

// nixSystems lists systems that a cell may turn out to be for, which is all one
// can check a system against as long as none of the cells is evaluated.
func nixSystems() []string {
	return []string{
		"aarch64-darwin", "aarch64-linux", "armv6l-linux", "armv7l-linux", "i686-linux",
		"powerpc64le-linux", "riscv64-linux", "x86_64-darwin", "x86_64-linux",
	}
}
