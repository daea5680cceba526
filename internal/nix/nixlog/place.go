package nixlog

import (
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/result"
)

var (
	// The module system names files in its messages, "- In `FILE': value", and in the
	// context that it adds to a trace, "definitions from `FILE':".
	inModuleRE = regexp.MustCompile("In `([^']+?)'(?::|, | and|\\.|$)")
	contextRE  = regexp.MustCompile("^while evaluating definitions from [`'\"]([^'`\"]+)[`'\"]")
)

// placeOf picks the line to send the reader to. That is where the error itself is, if it
// is in the flake; else a file of the flake that the message names, as the module system
// does for bad definitions; else the innermost frame of the trace that is in the flake, or
// says that one of its modules is evaluated.
func (t Tree) placeOf(r *record) result.Location {
	if p, ok := t.Place(r.Position); ok {
		return p
	}
	for _, m := range inModuleRE.FindAllStringSubmatch(r.text(), -1) {
		if file, ok := t.Module(m[1]); ok {
			return result.Location{File: file}
		}
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
	if _, ok := t.Place(r.Position); !ok && t.where(r.Position) != "" {
		frames = append(frames, Frame{Text: r.text(), Where: t.where(r.Position)})
	}
	for _, frame := range r.Trace {
		place, _ := t.Place(frame.Position)
		frames = append(frames, Frame{Text: t.relativize(strings.TrimSpace(stripSGR(frame.RawMsg))), Where: t.where(frame.Position), place: place})
	}
	return frames
}

// where writes a position for the reader. It is "" for one in flakeci's own expression:
// newer versions call that file «string», and older ones give the expression itself.
func (t Tree) where(p Position) string {
	if p.File == "" {
		return ""
	}
	if own, ok := t.Place(p); ok {
		return own.String()
	}
	switch file := p.path(); {
	case strings.HasPrefix(file, "«string»"), strings.HasPrefix(file, "«none»"):
		return ""
	case !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "«"):
		return ""
	}
	return result.Location{File: p.path(), Line: p.Line, Column: p.Column}.String()
}
