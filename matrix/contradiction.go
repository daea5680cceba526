package matrix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// ContradictionError says that one filter of a selection names something that its other filters
// leave out completely.
type ContradictionError struct {
	Filter string   // the filter that names it: "host", "user", "system" or "vm"
	Value  string   // the name as given
	By     []string // the filters that leave it out; empty if the flake has nothing of that kind
}

// Error says what is left out, and by which filters.
func (e *ContradictionError) Error() string {
	if len(e.By) == 0 {
		return fmt.Sprintf("%s %s: the flake has nothing of that kind", e.Filter, e.Value)
	}
	return fmt.Sprintf("%s %s is left out by %s", e.Filter, e.Value, strings.Join(e.By, " and "))
}

// AllVMs is the value in a [ContradictionError] about the kind vm.
const AllVMs = "all"

// Contradiction returns a [*ContradictionError] for the first value of the named filters that
// matches no selected cell. It ignores kinds: selecting checks as well as one host is not a
// mistake.
func (m Matrix) Contradiction(s Selection, filters ...string) error {
	for _, f := range s.nameFilters() {
		if !slices.Contains(filters, f.name) {
			continue
		}
		for _, value := range f.values {
			if err := m.contradiction(s, f, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// nameFilter is a filter by names, each of which must select something.
type nameFilter struct {
	name   string
	values []string
	match  func(o *offer, value string, c result.Cell) bool
}

// nameFilters returns the filters by names.
func (s Selection) nameFilters() []nameFilter {
	var all []string
	if slices.Contains(s.Kinds, result.KindVM) {
		all = []string{AllVMs}
	}
	return []nameFilter{
		{"host", s.Hosts, func(o *offer, host string, c result.Cell) bool { return slices.Contains(o.rows(c), host) }},
		{"vm", s.VMs, func(_ *offer, host string, c result.Cell) bool { return c.Kind == result.KindVM && c.Host == host }},
		{"vm", all, func(_ *offer, _ string, c result.Cell) bool { return c.Kind == result.KindVM }},
		{"user", s.Users, func(_ *offer, user string, c result.Cell) bool { return c.Kind == result.KindHome && c.User == user }},
		{"system", s.Systems, func(_ *offer, system string, c result.Cell) bool {
			return Selection{Systems: []string{system}}.mayBeFor(c)
		}},
	}
}

// contradiction checks one value of a filter.
func (m Matrix) contradiction(s Selection, named nameFilter, value string) error {
	o := m.offered()
	cells := slices.DeleteFunc(slices.Clone(m.Cells), func(c result.Cell) bool { return !named.match(o, value, c) })
	e := &ContradictionError{Filter: named.name, Value: value}
	for _, f := range s.filters(o) {
		cells = slices.DeleteFunc(cells, func(c result.Cell) bool {
			if f.keep(c) {
				return false
			}
			notRequested := c.Kind == result.KindVM && f.name == "kind"
			if !notRequested && f.name != named.name && !slices.Contains(e.By, f.name) {
				e.By = append(e.By, f.name)
			}
			return true
		})
	}
	if len(cells) > 0 {
		return nil
	}
	return e
}
