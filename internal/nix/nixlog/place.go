package nixlog

import (
	"regexp"
	"slices"
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
// modules is evaluated. That is vague: it may be far from what is wrong.
func (t Tree) placeOf(r *record, m *modulesystem.Error) (place result.Location, vague bool) {
	if m != nil {
		if p := t.definitionPlace(m); p.File != "" {
			return p, false
		}
	}
	if p, ok := t.Place(r.Position); ok && !callRE.MatchString(r.text()) {
		return p, false
	}
	for i, frame := range r.Trace {
		if p, ok := t.Place(frame.Position); ok {
			// The innermost frame of all is the throw itself.
			return p, i > 0 || r.Position.File != "" && !callRE.MatchString(r.text())
		}
		if m := contextRE.FindStringSubmatch(strings.TrimSpace(stripSGR(frame.RawMsg))); m != nil {
			if file, ok := t.Module(m[1]); ok {
				line := t.lineWith(file, withoutAbort(r.text()))
				return result.Location{File: file, Line: line}, line == 0
			}
		}
	}
	p, ok := t.Place(r.Position)
	return p, !ok
}

var (
	lacksRE    = regexp.MustCompile(`^attribute '([^']+)' missing`)
	argumentRE = regexp.MustCompile("^while evaluating the module argument [`']([^'`]+)['`] in [\"`']([^\"`']+)[\"`']")
)

// argument returns the argument that a module of the flake asks for and nothing passes to it,
// and where it does.
func (t Tree) argument(r *record) (name string, place result.Location) {
	lacks := lacksRE.FindStringSubmatch(r.text())
	if lacks == nil {
		return "", result.Location{}
	}
	for _, frame := range r.Trace {
		m := argumentRE.FindStringSubmatch(strings.TrimSpace(stripSGR(frame.RawMsg)))
		if m == nil || m[1] != lacks[1] {
			continue
		}
		file, ok := t.Module(m[2])
		if !ok {
			continue
		}
		n := 0
		for line := range strings.Lines(t.read(file)) {
			n++
			if at := nixfile.Word(line, func(name string) bool { return name == m[1] }); at >= 0 {
				return m[1], result.Location{File: file, Line: n, Column: at + 1}
			}
		}
	}
	return "", result.Location{}
}

// moduleError returns what the module system says in an error, with the files of the flake and
// its inputs as people name them, or nil.
func (t Tree) moduleError(text string) *modulesystem.Error {
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
			m.Definitions[i].File = t.relativize(d.File)
		}
	}
	return &m
}

// definitionPlace returns where the first definition that is in the flake sets the option.
func (t Tree) definitionPlace(m *modulesystem.Error) result.Location {
	for _, d := range m.Definitions {
		if !d.Own {
			continue
		}
		if m.Kind == modulesystem.Attribute {
			p, _ := nixfile.FindTop(t.read(d.File), m.Option)
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

// entryRE finds how the module system names an entry of a list.
var entryRE = regexp.MustCompile(`^\[definition \d+-entry \d+\]$`)

// FindAttribute returns where a file sets an attribute, and how well that fits.
func (t Tree) FindAttribute(file, path string) (result.Location, nixfile.Fit) {
	names := nixfile.SplitPath(path)
	if i := slices.IndexFunc(names, entryRE.MatchString); i >= 0 {
		names = names[:i]
	}
	p, fit := nixfile.Find(t.read(file), names)
	return result.Location{File: file, Line: p.Line, Column: p.Column}, fit
}

// assertions returns the failed assertions that an error lists. One about an option that no
// longer exists says where it is set.
func (t Tree) assertions(text string) []Assertion {
	var list []Assertion
	for _, a := range modulesystem.Assertions(text) {
		one := Assertion{Text: t.relativize(a), Module: t.moduleError(a)}
		if one.Module != nil {
			one.Place = t.definitionPlace(one.Module)
			one.Excerpt = t.Excerpt(one.Place)
		}
		list = append(list, one)
	}
	return list
}

// callRE finds an error of a call, whose place is that of the function.
var callRE = regexp.MustCompile(`called (?:without required|with unexpected) argument '`)

var abortRE = regexp.MustCompile(`(?s)^evaluation aborted with the following error message: ['"](.*)['"]$`)

// withoutAbort returns what the flake says when it aborts.
func withoutAbort(text string) string { return abortRE.ReplaceAllString(text, "$1") }

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
	for _, re := range []*regexp.Regexp{contextRE, argumentRE} {
		if m := re.FindStringSubmatch(text); m != nil {
			_, f.module = t.Module(m[len(m)-1])
		}
	}
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
