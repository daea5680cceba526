package nix

import (
	"fmt"
	"strings"
)

// EvalError is something wrong in the flake or one of its inputs, as Nix told
// it, with the place mapped to the flake's own files.
type EvalError struct {
	// Message is Nix's innermost error, paths of the flake made relative.
	Message string
	// Place is where in the flake; File is empty if Nix named no place there.
	Place Place
	// Frames is the trace, innermost first.
	Frames []Frame
	// Input is set if an input could not be fetched.
	Input *InputFault
	// Build is set if something that the evaluation reads had to be built and
	// was not (import from derivation).
	Build *BuildFailure
	// Untracked is a file that the flake needs and that lies in the checkout,
	// unknown to git and so invisible to Nix.
	Untracked string

	noMemory bool // said by Nix itself, not by a flake that throws such words
	locking  bool // Nix was busy with the inputs, not with the flake
}

func (e *EvalError) Error() string {
	if e.Place.File == "" {
		return e.Message
	}
	return fmt.Sprintf("%s: %s", e.Place, e.Message)
}

// Place is a place in the flake. File is relative to the root of its git
// repository, or to the flake where there is no git; Line and Column count
// from 1, 0 is unknown.
type Place struct {
	File         string
	Line, Column int
}

// String is file:line:column, as far as known.
func (p Place) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Frame is one line of an evaluation trace. Where is the file as Nix named it,
// made relative if it is the flake's own, with line and column.
type Frame struct {
	Text, Where string
}

// Useful says whether the frame speaks of the flake's own: a place in one of its
// files, or what a module was at.
func (f Frame) Useful() bool {
	if f.Where == "" {
		m := contextRE.FindStringSubmatch(f.Text)
		return m != nil && !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "<") || strings.HasPrefix(f.Text, "while evaluating the option ") ||
			strings.HasPrefix(f.Text, "while evaluating the module argument ")
	}
	return !strings.HasPrefix(f.Where, "/") && !strings.HasPrefix(f.Where, "«")
}

// decodeError makes an EvalError of what Nix wrote to stderr, or nil if there
// is no error in it; see inputFault for the prefix.
func (f *Flake) decodeError(l *stderrLog, prefix string) *EvalError {
	if l.err == nil {
		if l.plain == "" {
			return nil
		}
		return &EvalError{Message: f.relativize(l.plain), noMemory: l.plain == noMemory}
	}
	e := &EvalError{Message: f.relativize(l.err.text()), Frames: f.frames(l.err), locking: l.err.locking()}
	e.Input = f.inputFault(e, prefix)
	if e.locking {
		// Before the flake is resolved its own copy in the store looks like that
		// of an input.
		e.nameInput(prefix)
		return e
	}
	e.Place = f.place(l.err)
	e.Untracked = f.untracked(l.err.text())
	e.Build = l.builds.behind(l.err.text())
	return e
}

// frames is the trace, with the place of the error itself in front if that is
// not in the flake.
func (f *Flake) frames(r *record) []Frame {
	var frames []Frame
	if _, ok := f.own(r.position); !ok && f.where(r.position) != "" {
		frames = append(frames, Frame{Text: r.text(), Where: f.where(r.position)})
	}
	for _, t := range r.Trace {
		frames = append(frames, Frame{Text: f.relativize(strings.TrimSpace(stripSGR(t.RawMsg))), Where: f.where(t.position)})
	}
	return frames
}

func (f *Flake) where(p position) string {
	if p.File == "" {
		return ""
	}
	if own, ok := f.own(p); ok {
		return own.String()
	}
	// What stands in flakeci's own question is nothing to show: newer versions
	// call its place «string», older ones give the expression for a file name.
	switch file := p.file(); {
	case strings.HasPrefix(file, "«string»"), strings.HasPrefix(file, "«none»"):
		return ""
	case !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "«"):
		return ""
	}
	return Place{File: p.file(), Line: p.Line, Column: p.Column}.String()
}

// file is the file without the :LINE:COLUMN that newer versions append.
func (p position) file() string {
	suffix := fmt.Sprintf(":%d:%d", p.Line, p.Column)
	return strings.TrimSuffix(p.File, suffix)
}
