// Package nixfile finds where the text of a Nix file sets an attribute.
package nixfile

import "slices"

// Position is a place in a file. Line and Column count from 1; a column is one byte, as for
// Nix.
type Position struct{ Line, Column int }

// Find returns where a text sets the attribute at a path, such as programs, git, enable. ok is
// false if it sets nothing of that name.
//
// A module may stand deeper than its file shows: the home module that sets programs.git is
// home-manager.users.anna.programs.git in a host. So the more names of the end of the path
// a binding has, the better it fits. A binding of something inside of the attribute, or else
// of the set that the attribute is in, fits too.
func Find(text string, path []string) (p Position, ok bool) {
	if len(path) == 0 {
		return Position{}, false
	}
	best := 0
	for _, b := range bindings(text) {
		if at, score := b.match(path); score > best {
			best, p = score, b.names[at].at
		}
	}
	return p, best > 0
}

// FindName returns where a text sets the first attribute with one of the names that match
// accepts.
func FindName(text string, match func(name string) bool) (p Position, ok bool) {
	for _, b := range bindings(text) {
		for _, n := range b.names[len(b.names)-b.own:] {
			if match(n.text) {
				return n.at, true
			}
		}
	}
	return Position{}, false
}

// binding is an attribute that a text sets, with the names of the sets around it.
type binding struct {
	names []name
	// own is how many of the names stand at the binding itself.
	own int
}

// name is one name of an attribute path. It is "" for one that is computed.
type name struct {
	text string
	at   Position
}

// How well a binding fits a path, besides how many names they have in common.
const (
	looseFit  = 0   // only the last name is the same
	parentFit = 200 // it sets the set that the attribute is in
	partFit   = 400 // the last names are the same, but not those before
	fullFit   = 600 // all names that both have are the same
)

// match returns how well a binding fits a path, and which of its names is the attribute. The
// score is 0 if it does not fit.
func (b binding) match(path []string) (at, score int) {
	better := func(i, fit, names int) {
		if s := fit + 2*min(names, maxNames/2); s > score {
			at, score = i, s
		}
	}
	last := len(b.names) - 1
	// The attribute itself, or something inside of it.
	for i := last; i >= len(b.names)-b.own; i-- {
		switch n := commonEnd(b.names[:i+1], path); {
		case n == 0:
		case n == len(path), n > 1 && n >= len(b.moduleNames(i+1)):
			better(i, fullFit, n)
		case n > 1:
			better(i, partFit, n)
		case i == last:
			better(i, looseFit, n)
		}
	}
	for end := len(path) - 1; end > 0; end-- {
		if n := commonEnd(b.names, path[:end]); n > 0 && (n == end || n == len(b.moduleNames(len(b.names)))) {
			better(last, parentFit, n)
		}
	}
	return at, score
}

// moduleNames returns the first names, without the config that a module may begin with.
func (b binding) moduleNames(n int) []name {
	if b.names[0].text == "config" {
		return b.names[1:n]
	}
	return b.names[:n]
}

// commonEnd returns how many names at the end of both are the same. A computed name may be any,
// but not the last.
func commonEnd(names []name, path []string) int {
	n := 0
	for n < len(names) && n < len(path) {
		text := names[len(names)-1-n].text
		if text != path[len(path)-1-n] && (text != "" || n == 0) {
			break
		}
		n++
	}
	return n
}

// SplitPath splits an attribute path as Nix writes it, such as home.file.".bashrc".text.
func SplitPath(path string) []string {
	var names []string
	s := scanner{text: path}
	for {
		t := s.next()
		switch t.kind {
		case end:
			return slices.DeleteFunc(names, func(n string) bool { return n == "" })
		case word, quoted:
			names = append(names, t.text)
		}
	}
}
