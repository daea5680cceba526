package flaketree

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixfile"
	"github.com/flakeci/flakeci/result"
)

// Position is a place in a Nix file as Nix writes it. Newer versions append :LINE:COLUMN
// to the file, and any of the three may be null.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Path returns the file without the :LINE:COLUMN that newer versions append.
func (p Position) Path() string {
	return strings.TrimSuffix(p.File, fmt.Sprintf(":%d:%d", p.Line, p.Column))
}

// ModuleError returns what the module system says in an error, with the files of the flake and
// its inputs as people name them, or nil.
func (t Tree) ModuleError(text string) *modulesystem.Error {
	if t.StorePath == "" {
		return nil // nothing is evaluated before the flake is resolved
	}
	m, ok := modulesystem.Parse(text)
	if !ok {
		return nil
	}
	for i, d := range m.Definitions {
		if file, ok := t.Module(d.File); ok {
			m.Definitions[i].File = file
			m.Definitions[i].Own = true
		} else {
			m.Definitions[i].File = t.Shorten(d.File)
		}
	}
	return &m
}

// DefinitionPlace returns where the first definition that is in the flake sets the option.
func (t Tree) DefinitionPlace(m *modulesystem.Error) result.Location {
	for _, d := range m.Definitions {
		if !d.Own {
			continue
		}
		if m.Kind == modulesystem.Attribute {
			p, _ := nixfile.FindTop(t.Text(d.File), m.Option)
			return result.Location{File: d.File, Line: p.Line, Column: p.Column}
		}
		return t.PlaceOfAttribute(d.File, m.Option)
	}
	return result.Location{}
}

// PlaceOfAttribute returns where a file sets an attribute, without a line if the file does not
// show that.
func (t Tree) PlaceOfAttribute(file, path string) result.Location {
	p, fit := t.FindAttribute(file, path)
	if fit <= nixfile.Sibling {
		return result.Location{File: file}
	}
	return p
}

// FindAttribute returns where a file sets an attribute, and how well that fits.
func (t Tree) FindAttribute(file, path string) (result.Location, nixfile.Fit) {
	p, fit := nixfile.Find(t.Text(file), nixfile.SplitPath(modulesystem.WithoutEntry(path)))
	return result.Location{File: file, Line: p.Line, Column: p.Column}, fit
}

// Place maps a position into the tree. ok is false if it is elsewhere.
func (t Tree) Place(p Position) (place result.Location, ok bool) {
	file, ok := t.Relative(p.Path())
	return result.Location{File: file, Line: p.Line, Column: p.Column}, ok
}

// Module maps the file of a module, as the module system names it, into the tree. A module
// that is imported by its folder is named after the folder.
func (t Tree) Module(name string) (file string, ok bool) {
	file, ok = t.Relative(name)
	if ok && t.Text(file+"/default.nix") != "" {
		file += "/default.nix"
	}
	return file, ok
}

// LineWith finds the line of a file that a message was written on, as older versions do
// not say where a throw is. It is 0 unless just one line of the file has the first line of
// the message.
func (t Tree) LineWith(file, message string) int {
	first, _, _ := strings.Cut(message, "\n")
	text := t.Text(file)
	if first == "" || strings.Count(text, first) != 1 {
		return 0
	}
	before, _, _ := strings.Cut(text, first)
	return strings.Count(before, "\n") + 1
}

// Text returns a file of the tree, or "".
func (t Tree) Text(file string) string {
	if t.Read == nil || file == "" {
		return ""
	}
	return t.Read(file)
}
