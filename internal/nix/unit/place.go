// Package unit knows how a flake declares the systemd units of its hosts.
package unit

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/result"
)

// Definitions is the answer to a [Query].
type Definitions struct {
	// Root is the flake's source tree in the store, or "" if it is unknown.
	Root  string       `json:"root"`
	Found []definition `json:"found"`
}

// definition is the definition of a unit in one module.
type definition struct {
	// File is the module's file. At is the place of the unit's name, which may be in
	// another file, or unknown.
	File string             `json:"file"`
	At   flaketree.Position `json:"at"`
	// Main is set if the definition says what the unit runs.
	Main bool `json:"main"`
}

// Place picks one definition that is in the flake. Definitions with a line come first, the main
// one before others; then those without a line. A module without a file counts as the file that
// its text is in. Definitions that a module of an input passes on come last.
func (d Definitions) Place(tree flaketree.Tree) result.Location {
	var first, withoutLine, passedOn result.Location
	for _, d := range d.Found {
		// After the file, the way in which the module was imported may follow.
		file, _, _ := strings.Cut(d.File, ", via option ")
		at, inFlake := tree.Place(d.At)
		rel, ok := tree.Module(file)
		switch {
		case inFlake && (ok && at.File == rel || file == "" || strings.HasPrefix(file, "<")):
			if d.Main {
				return at
			}
			first = cmp.Or(first, at)
		case ok:
			withoutLine = cmp.Or(withoutLine, result.Location{File: rel})
		case inFlake:
			passedOn = cmp.Or(passedOn, at)
		}
	}
	return cmp.Or(first, withoutLine, passedOn)
}
