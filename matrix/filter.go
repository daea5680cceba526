package matrix

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// filter keeps some cells and leaves out the others.
type filter struct {
	name   string
	values []string
	keep   func(result.Cell) bool
}

// filters returns the filters in use. They are in the order in which they best explain why
// nothing is left.
func (s Selection) filters(o *offer) []filter {
	cells, exclude := globs(s.Cells), globs(s.Exclude)
	all := []filter{
		{"kind", kindNames(s.Kinds), s.wantsKind},
		{"vm", s.VMs, func(c result.Cell) bool { return c.Kind != result.KindVM || slices.Contains(s.VMs, c.Host) }},
		{"host", s.Hosts, func(c result.Cell) bool {
			return slices.ContainsFunc(o.rows(c), func(host string) bool { return slices.Contains(s.Hosts, host) })
		}},
		{"user", s.Users, func(c result.Cell) bool { return c.Kind == result.KindHome && slices.Contains(s.Users, c.User) }},
		{"system", s.Systems, s.mayBeFor},
		{"cell", s.Cells, func(c result.Cell) bool { return matchesAny(cells, c.ID) }},
		{"exclude", s.Exclude, func(c result.Cell) bool { return !matchesAny(exclude, c.ID) }},
	}
	if s.Job != nil {
		all = append(all, filter{"shard", []string{s.Job.Name}, s.Job.keeps})
	}
	return slices.DeleteFunc(all, func(f filter) bool { return len(f.values) == 0 })
}

// wantsKind reports whether the kind of a cell is selected.
func (s Selection) wantsKind(c result.Cell) bool {
	return slices.Contains(s.Kinds, c.Kind) || c.Kind == result.KindVM && slices.Contains(s.VMs, c.Host)
}

// mayBeFor reports whether a cell has, or may turn out to have, a selected system.
func (s Selection) mayBeFor(c result.Cell) bool {
	return slices.ContainsFunc(s.Systems, func(system string) bool {
		return c.System == system || c.System == "" && strings.HasSuffix(system, systemOf(c))
	})
}

func matchesAny(globs []Glob, id string) bool {
	return slices.ContainsFunc(globs, func(g Glob) bool { return g.Match(id) })
}
