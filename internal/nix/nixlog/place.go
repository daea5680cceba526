package nixlog

import (
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
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
func placeOf(t flaketree.Tree, r *record, m *modulesystem.Error) (place result.Location, vague bool) {
	if m != nil {
		if p := t.DefinitionPlace(m); p.File != "" {
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
				text := r.text()
				if said, ok := Aborted(text); ok {
					text = said
				}
				line := t.LineWith(file, text)
				return result.Location{File: file, Line: line}, line == 0
			}
		}
	}
	p, ok := t.Place(r.Position)
	return p, !ok
}

var (
	lacksRE    = regexp.MustCompile(`^attribute '([^']*)' missing`)
	argumentRE = regexp.MustCompile("^while evaluating the module argument [`']([^'`]+)['`] in [\"`']([^\"`']+)[\"`']")
)

// argument returns the argument that a module of the flake asks for and nothing passes to it,
// and where it does.
func argument(t flaketree.Tree, r *record) (name string, place result.Location) {
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
		for line := range strings.Lines(t.Text(file)) {
			n++
			if at := nixfile.Word(line, func(name string) bool { return name == m[1] }); at >= 0 {
				return m[1], result.Location{File: file, Line: n, Column: at + 1}
			}
		}
	}
	return "", result.Location{}
}

// assertions returns the failed assertions that an error lists. One about an option that no
// longer exists says where it is set.
func assertions(t flaketree.Tree, text string) []Assertion {
	var list []Assertion
	for _, a := range modulesystem.Assertions(text) {
		one := Assertion{Text: t.Shorten(a), Module: t.ModuleError(a)}
		if one.Module != nil {
			one.Place = t.DefinitionPlace(one.Module)
			one.Excerpt = t.Excerpt(one.Place)
		}
		list = append(list, one)
	}
	return list
}

// callRE finds an error of a call, whose place is that of the function.
var callRE = regexp.MustCompile(`called (?:without required|with unexpected) argument '`)

var abortRE = regexp.MustCompile(`(?s)^evaluation aborted with the following error message: ['"](.*)['"]$`)

// Aborted returns what the flake passed to builtins.abort, if an error is about that.
func Aborted(text string) (said string, ok bool) {
	m := abortRE.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// frames returns the trace. It begins with the place of the error itself if that is not in
// the flake.
func frames(t flaketree.Tree, r *record) []Frame {
	var frames []Frame
	if f := frameOf(t, "", r.Position); f.Where != "" && !f.Own() {
		frames = append(frames, f)
	}
	for _, frame := range r.Trace {
		frames = append(frames, frameOf(t, strings.TrimSpace(stripSGR(frame.RawMsg)), frame.Position))
	}
	return frames
}

// frameOf makes one frame. Where is "" for a place in flakeci's own expression: newer versions
// call that file «string», and older ones give the expression itself.
func frameOf(t flaketree.Tree, text string, p flaketree.Position) Frame {
	f := Frame{Text: t.Shorten(text)}
	for _, re := range []*regexp.Regexp{contextRE, argumentRE} {
		if m := re.FindStringSubmatch(text); m != nil {
			_, f.OfModule = t.Module(m[len(m)-1])
		}
	}
	file := p.Path()
	if own, ok := t.Place(p); ok {
		f.Place, f.Where = own, own.String()
	} else if name, below, ok := t.CutInput(file); ok {
		f.Input, f.Where = name, result.Location{File: name + "/" + below, Line: p.Line}.String()
	} else if strings.HasPrefix(file, "/") || strings.HasPrefix(file, "«") && !internalRE.MatchString(file) {
		f.Where = result.Location{File: file, Line: p.Line, Column: p.Column}.String()
	}
	return f
}

// internalRE finds files that are Nix's own, or flakeci's.
var internalRE = regexp.MustCompile(`^«(?:string|none|flakes-internal|nix-internal|stdin)»`)
