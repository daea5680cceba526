package nixlog

import (
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixfile"
	"github.com/flakeci/flakeci/result"
)

// The module system says in a trace whose definitions it evaluates.
var contextRE = regexp.MustCompile("^while evaluating (?:a )?definitions? from [`'\"]([^'`\"]+)[`'\"]")

// placeOf picks the line to send the reader to. For an error of the module system that is where
// a file of the flake sets the option. Else it is where the error itself is, if it is in the
// flake; else the innermost frame of the trace that is in the flake, or says that one of its
// modules is evaluated.
func (t Tree) placeOf(r *record, m *modulesystem.Error) result.Location {
	if m != nil {
		if p := t.definitionPlace(m); p.File != "" {
			return p
		}
	}
	if p, ok := t.Place(r.Position); ok {
		return p
	}
	for _, frame := range r.Trace {
		if p, ok := t.Place(frame.Position); ok {
			return p
		}
		if m := contextRE.FindStringSubmatch(strings.TrimSpace(stripSGR(frame.RawMsg))); m != nil {
			if file, ok := t.Module(m[1]); ok {
				return result.Location{File: file, Line: t.lineWith(file, r.text())}
			}
		}
	}
	return result.Location{}
}

// moduleError returns what the module system says in an error, with the files of the flake and
// its inputs as people name them, or nil.
func (t Tree) moduleError(text string) *modulesystem.Error {
	m, ok := modulesystem.Parse(text)
	if !ok {
		return nil
	}
	for i, d := range m.Definitions {
		if file, ok := t.Module(d.File); ok {
			m.Definitions[i].File = file
			m.Definitions[i].Own = true
		} else {
			m.Definitions[i].File = t.relativize(d.File)
		}
	}
	return &m
}

// definitionPlace returns where the first definition that is in the flake sets the option.
func (t Tree) definitionPlace(m *modulesystem.Error) result.Location {
	for _, d := range m.Definitions {
		if d.Own {
			return t.PlaceOfAttribute(d.File, m.Option)
		}
	}
	return result.Location{}
}

// PlaceOfAttribute returns where a file sets an attribute, without a line if the file does not
// show that.
func (t Tree) PlaceOfAttribute(file, path string) result.Location {
	p, _ := nixfile.Find(t.read(file), nixfile.SplitPath(path))
	return result.Location{File: file, Line: p.Line, Column: p.Column}
}

// Place maps a position into the tree. ok is false if it is elsewhere.
func (t Tree) Place(p Position) (place result.Location, ok bool) {
	file, ok := t.relative(p.path())
	return result.Location{File: file, Line: p.Line, Column: p.Column}, ok
}

// Module maps the file of a module, as the module system names it, into the tree. A module
// that is imported by its folder is named after the folder.
func (t Tree) Module(name string) (file string, ok bool) {
	file, ok = t.relative(name)
	if ok && t.read(file+"/default.nix") != "" {
		file += "/default.nix"
	}
	return file, ok
}

// lineWith finds the line of a file that a message was written on, as older versions do
// not say where a throw is. It is 0 unless just one line of the file has the first line of
// the message.
func (t Tree) lineWith(file, message string) int {
	first, _, _ := strings.Cut(message, "\n")
	text := t.read(file)
	if first == "" || strings.Count(text, first) != 1 {
		return 0
	}
	before, _, _ := strings.Cut(text, first)
	return strings.Count(before, "\n") + 1
}

func (t Tree) read(file string) string {
	if t.Read == nil || file == "" {
		return ""
	}
	return t.Read(file)
}

// frames returns the trace. It begins with the place of the error itself if that is not in
// the flake.
func (t Tree) frames(r *record) []Frame {
	var frames []Frame
	if f := t.frame("", r.Position); f.Where != "" && !f.Own() {
		frames = append(frames, f)
	}
	for _, frame := range r.Trace {
		frames = append(frames, t.frame(strings.TrimSpace(stripSGR(frame.RawMsg)), frame.Position))
	}
	return frames
}

// frame makes one frame. Where is "" for a place in flakeci's own expression: newer versions
// call that file «string», and older ones give the expression itself.
func (t Tree) frame(text string, p Position) Frame {
	f := Frame{Text: t.relativize(text)}
	file := p.path()
	if own, ok := t.Place(p); ok {
		f.place, f.Where = own, own.String()
	} else if name, below, ok := t.cutInput(file); ok {
		f.Input, f.Where = name, result.Location{File: name + "/" + below, Line: p.Line}.String()
	} else if strings.HasPrefix(file, "/") || strings.HasPrefix(file, "«") && !internalRE.MatchString(file) {
		f.Where = result.Location{File: file, Line: p.Line, Column: p.Column}.String()
	}
	return f
}

// internalRE finds files that are Nix's own, or flakeci's.
var internalRE = regexp.MustCompile(`^«(?:string|none|flakes-internal|nix-internal|stdin)»`)
