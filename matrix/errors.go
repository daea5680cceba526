package matrix

import (
	"fmt"
	"strings"
)

// UnknownError says that something was asked for by a name that the flake does
// not have.
type UnknownError struct {
	Filter     string   // what asked for it: "host", "user", "kind", "cell", "system" or "vm"
	What       string   // what it would be: the filter, and for a VM a host
	Name       string   // as it was given
	Suggestion string   // the known name that was probably meant, or empty
	Known      []string // all that could have been given, sorted or in display order
}

// Error names what is unknown. The suggestion is left to whoever prints.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q", e.What, e.Name)
}

func unknown(filter, name string, known []string) *UnknownError {
	what := filter
	if filter == "vm" {
		what = "host"
	}
	return &UnknownError{Filter: filter, What: what, Name: name, Suggestion: Suggest(name, known), Known: known}
}

// NothingError says that nothing is left to do.
type NothingError struct {
	Filter string   // what left nothing: "kind", "vm", "host", "user", "system", "cell" or "exclude"; empty if the flake offers nothing at all
	Values []string // what that filter asked for
	Reason string   // one line that says the same in words
}

// Error says that nothing is selected, and why.
func (e *NothingError) Error() string {
	return "nothing is selected: " + e.Reason
}

func nothing(f filter, before []Cell) *NothingError {
	e := &NothingError{Filter: f.name, Values: f.values}
	values := strings.Join(f.values, ", ")
	switch f.name {
	case "kind":
		e.Reason = fmt.Sprintf("the flake has no cell of kind %s, only of kind %s",
			values, strings.Join(kindNames(kindsOf(before)), ", "))
	case "exclude":
		e.Reason = fmt.Sprintf("exclude %s leaves none of %d cells", values, len(before))
	default:
		e.Reason = fmt.Sprintf("%s %s fits none of %d cells", f.name, values, len(before))
	}
	return e
}

// kindsOf lists the kinds that cells have, which are sorted by kind.
func kindsOf(cells []Cell) []Kind {
	var kinds []Kind
	for _, c := range cells {
		if len(kinds) == 0 || kinds[len(kinds)-1] != c.Kind {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}
