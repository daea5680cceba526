package matrix

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// UnknownError says that the flake does not have a name.
type UnknownError struct {
	Filter     string   // the filter that names it: "host", "user", "kind", "cell", "system" or "vm"
	What       string   // what the name should be: the filter, but "host" for a VM
	Name       string   // as given
	Suggestion string   // the known name that was probably meant, if any
	Known      []string // all known names, sorted or in display order
}

// Error names what is unknown, without the suggestion.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q", e.What, e.Name)
}

// newUnknownError makes the error and finds a suggestion.
func newUnknownError(filter, name string, known []string) *UnknownError {
	what := filter
	if filter == "vm" {
		what = "host"
	}
	return &UnknownError{Filter: filter, What: what, Name: name, Suggestion: Suggest(name, known), Known: known}
}

// NothingError says that a selection is empty.
type NothingError struct {
	Filter string   // the filter that left nothing: "kind", "vm", "host", "user", "system", "cell" or "exclude"; empty if the flake offers nothing
	Values []string // the values of that filter
	Reason string   // the same in words, on one line
}

// Error says that nothing is selected, and why.
func (e *NothingError) Error() string {
	return "nothing is selected: " + e.Reason
}

// newNothingError makes the error of a filter that leaves none of some cells.
func newNothingError(f filter, before []result.Cell) *NothingError {
	e := &NothingError{Filter: f.name, Values: f.values}
	values := strings.Join(f.values, ", ")
	switch f.name {
	case "kind":
		e.Reason = fmt.Sprintf("the flake has no cell of kind %s, only of kind %s",
			values, strings.Join(kindNames(kindsIn(before)), ", "))
	case "exclude":
		e.Reason = fmt.Sprintf("exclude %s leaves out every cell", values)
	default:
		e.Reason = fmt.Sprintf("%s %s matches none of %d cells", f.name, values, len(before))
	}
	return e
}

// kindsIn lists the kinds of cells that are sorted by kind.
func kindsIn(cells []result.Cell) []result.Kind {
	var kinds []result.Kind
	for _, c := range cells {
		if len(kinds) == 0 || kinds[len(kinds)-1] != c.Kind {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}
