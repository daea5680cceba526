// Package nixfile finds where the text of a Nix file sets an attribute.
package nixfile

import (
	"slices"
	"strings"
)

// Position is a place in a file. Line and Column count from 1; a column is one byte, as for
// Nix.
type Position struct{ Line, Column int }

// Fit is how well what was found fits the attribute that was looked for.
type Fit int

// The fits, from the worst to the best.
const (
	NoFit    Fit = iota
	Loose        // only the last name is the same
	Sibling      // it sets another attribute of the same set
	Parent       // it sets the set that the attribute is in
	Part         // the last names are the same, but not those before
	Declared     // it declares an option with all of these names, and does not set it
	Full         // all names that both have are the same
)

// Find returns where a text sets the attribute at a path, such as programs, git, enable, and how
// well that fits.
//
// A module may stand deeper than its file shows: the home module that sets programs.git is
// home-manager.users.anna.programs.git in a host. So the more names of the end of the path
// a binding has, the better it fits. A binding of something inside of the attribute, or else
// of the set that the attribute is in, fits too.
func Find(text string, path []string) (p Position, fit Fit) {
	if len(path) > maxNames {
		return Position{}, NoFit
	}
	best := 0
	for _, b := range bindings(text) {
		at, f, names := b.match(path)
		if b.names[0].text == "options" && f > NoFit {
			f = declared(f)
		}
		if f > NoFit && rank(f, names) > best {
			best, fit, p = rank(f, names), f, b.names[at].at
		}
	}
	return p, fit
}

// declared returns how well a binding below options fits, which fits this well by its names.
func declared(f Fit) Fit {
	if f == Full {
		return Declared
	}
	return Loose
}

// rank orders what was found: first by the fit, then by how many names are the same.
func rank(f Fit, names int) int { return int(f)*2*maxNames + names }

// Sets reports whether a text sets an attribute in a set with this name at its top, such as home
// or services.
func Sets(text, set string) bool {
	return slices.ContainsFunc(bindings(text), func(b binding) bool {
		names := b.moduleNames(len(b.names))
		return len(names) > 0 && names[0].text == set
	})
}

// FindTop returns where a text sets an attribute that stands in no other set.
func FindTop(text, attribute string) (p Position, ok bool) {
	for _, b := range bindings(text) {
		if len(b.names) == b.own && b.names[0].text == attribute {
			return b.names[0].at, true
		}
	}
	return Position{}, false
}

// binding is an attribute that a text sets, with the names of the sets around it.
type binding struct {
	names []name
	// own is how many of the names stand at the binding itself.
	own int
	// last is the line of its semicolon; 0 if there is none.
	last int
}

// name is one name of an attribute path. It is "" for one that is computed.
type name struct {
	text string
	at   Position
}

// match returns how well a binding fits a path, which of its names is the attribute, and how
// many names they have in common.
func (b binding) match(path []string) (at int, fit Fit, names int) {
	better := func(i int, f Fit, n int) {
		if f > fit || f == fit && n > names {
			at, fit, names = i, f, n
		}
	}
	last := len(b.names) - 1
	first := len(b.names) - b.own
	// The attribute itself, or something inside of it.
	for i := last; i >= first; i-- {
		switch n := commonEnd(b.names[:i+1], path); {
		case n == 0:
		case n == len(path) && (n > 1 || len(b.moduleNames(i+1)) == 1), n > 1 && n >= len(b.moduleNames(i+1)):
			better(i, Full, n)
		case n > 1:
			better(i, Part, n)
		case i == last:
			better(i, Loose, n)
		}
	}
	for end := len(path) - 1; end > 0; end-- {
		if n := commonEnd(b.names, path[:end]); n > 0 && (n == end || n == len(b.moduleNames(len(b.names)))) {
			better(last, Parent, n)
		}
	}
	// A set with one name, such as services, says little.
	if end := len(path) - 1; end > 1 {
		for i := last - 1; i >= first; i-- {
			if n := commonEnd(b.names[:i+1], path[:end]); n == end {
				better(i, Sibling, n)
			}
		}
	}
	return at, fit, names
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

// Word returns the offset of the first name in a line that match accepts: a word of its own, one
// name of a path such as pkgs.steam, or a string. It is -1 if there is none.
func Word(line string, match func(name string) bool) int { return wordIn(line, match, 0) }

// maxInside limits how many interpolations in one string are looked into.
const maxInside = 20

func wordIn(line string, match func(name string) bool, inside int) int {
	s := scanner{text: line}
	for {
		switch t := s.next(); {
		case t.kind == end:
			return -1
		case (t.kind == word || t.kind == quoted) && match(t.text):
			return t.at
		case t.kind == computed && inside < maxInside:
			before, code, ok := strings.Cut(line[t.at:s.at], "${")
			if !ok {
				continue
			}
			if at := wordIn(code, match, inside+1); at >= 0 {
				return t.at + len(before) + len("${") + at
			}
		}
	}
}

// Enclosing returns the first and last line of the smallest binding that has a line. ok is false
// if none has it.
func Enclosing(text string, line int) (first, last int, ok bool) {
	for _, b := range bindings(text) {
		from := b.names[len(b.names)-b.own].at.Line
		if from <= line && line <= b.last && (!ok || b.last-from <= last-first) {
			first, last, ok = from, b.last, true
		}
	}
	return first, last, ok
}

// Code returns a text with blanks instead of its comments.
func Code(text string) string {
	code := []byte(text)
	for s := (scanner{text: text}); s.at < len(text); s.next() {
		begin := s.at
		s.skipSpace()
		for i := begin; i < s.at; i++ {
			if code[i] != '\n' {
				code[i] = ' '
			}
		}
	}
	return string(code)
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
