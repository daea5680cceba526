package matrix

import (
	"fmt"
	"slices"
	"strings"
)

// ContradictionError says that something was asked for by name and that the rest of the
// selection leaves nothing of it.
type ContradictionError struct {
	Filter string   // what asked for it: "host", "user", "system" or "vm"
	Value  string   // as it was given
	By     []string // the filters that leave it out; empty if the flake has nothing of the kind
}

// Error names what is left out, and by what.
func (e *ContradictionError) Error() string {
	if len(e.By) == 0 {
		return fmt.Sprintf("%s %s: the flake has nothing of that kind", e.Filter, e.Value)
	}
	return fmt.Sprintf("%s %s is left out by %s", e.Filter, e.Value, strings.Join(e.By, " and "))
}

// AllVMs is the value in a [ContradictionError] where the kind vm was asked for.
const AllVMs = "all"

// Contradiction looks, among the named filters, for a value that no selected cell
// answers to. Its error is a [*ContradictionError]. Kinds are not looked at: to ask for
// checks too and then for one host is no mistake.
func (m Matrix) Contradiction(s Selection, filters ...string) error {
	for _, a := range s.asked() {
		if !slices.Contains(filters, a.name) {
			continue
		}
		for _, value := range a.values {
			if err := m.contradiction(s, a, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked is a filter whose values are names, each of which has to select something.
type asked struct {
	name   string
	values []string
	of     func(o *offer, value string, c Cell) bool
}

func (s Selection) asked() []asked {
	var all []string
	if slices.Contains(s.Kinds, KindVM) {
		all = []string{AllVMs}
	}
	return []asked{
		{"host", s.Hosts, func(o *offer, host string, c Cell) bool { return slices.Contains(o.rows(c), host) }},
		{"vm", s.VMs, func(_ *offer, host string, c Cell) bool { return c.Kind == KindVM && c.Host == host }},
		{"vm", all, func(_ *offer, _ string, c Cell) bool { return c.Kind == KindVM }},
		{"user", s.Users, func(_ *offer, user string, c Cell) bool { return c.Kind == KindHome && c.User == user }},
		{"system", s.Systems, func(_ *offer, system string, c Cell) bool {
			return Selection{Systems: []string{system}}.mayBeFor(c)
		}},
	}
}

func (m Matrix) contradiction(s Selection, a asked, value string) error {
	o := m.offered()
	cells := slices.DeleteFunc(slices.Clone(m.Cells), func(c Cell) bool { return !a.of(o, value, c) })
	e := &ContradictionError{Filter: a.name, Value: value}
	for _, f := range s.filters(o) {
		cells = slices.DeleteFunc(cells, func(c Cell) bool {
			if f.keep(c) {
				return false
			}
			unasked := c.Kind == KindVM && f.name == "kind"
			if !unasked && f.name != a.name && !slices.Contains(e.By, f.name) {
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
