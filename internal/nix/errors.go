package nix

import (
	"fmt"
	"path"
	"regexp"
	"slices"
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
	// Untracked is a file that the flake needs and that lies in the checkout,
	// unknown to git and so invisible to Nix.
	Untracked string
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

// InputFault is an input that could not be fetched.
type InputFault struct {
	// Name is the input's path from the flake, such as "mid/nix-secrets"; what
	// stands before the last slash asks for it, else the flake itself.
	Name string
	// URL is what was fetched.
	URL string
}

// NoFlakeError says that there is no flake where the reference points.
type NoFlakeError struct {
	Ref, Reason string
	// Untracked is flake.nix if it lies there unknown to git.
	Untracked string
}

func (e *NoFlakeError) Error() string { return fmt.Sprintf("no flake at %s: %s", e.Ref, e.Reason) }

var (
	noFlakeRE    = regexp.MustCompile(`could not find a flake\.nix|does not contain a '?/?[^ ]*flake\.nix'?( file)?$|does not contain a 'flake.nix'|getting status of ['"].*No such file or directory$|^'.*' is not a (valid )?URL|path '.*' (does not exist|is not a flake)|^cannot find flake '.*' in the flake registries|/flake-registry\.json'`)
	inputNameRE  = regexp.MustCompile(`^while updating the flake input '(.+)'`)
	inputFetchRE = regexp.MustCompile(`^while fetching the input '(.+)'`)
	fetchFailRE  = regexp.MustCompile(`(?i)failed to fetch|unable to download|program '?git'? failed|could not resolve|cannot find .* input|failed to open archive|HTTP error|cannot fetch`)
	missingRE    = regexp.MustCompile(`(?i)(?:getting status of|opening file|path|file) ['"]([^'"]+)['"].*(?:No such file or directory|does not exist|is not tracked)`)
	sourceRE     = regexp.MustCompile(`^/nix/store/[0-9a-z]{32}-source/`)
	inModuleRE   = regexp.MustCompile("In `([^']+?)'(?::|, | and|\\.|$)")
)

// decodeError makes an EvalError of what Nix wrote to stderr, or nil if there
// is no error in it.
func (f *Flake) decodeError(l *stderrLog) *EvalError {
	if l.err == nil {
		if l.plain == "" {
			return nil
		}
		return &EvalError{Message: f.relativize(l.plain)}
	}
	e := &EvalError{Message: f.relativize(l.err.text())}
	for _, t := range l.err.Trace {
		text := f.relativize(strings.TrimSpace(stripSGR(t.RawMsg)))
		e.Frames = append(e.Frames, Frame{Text: text, Where: f.where(t.position)})
	}
	e.Input = f.inputFault(e)
	e.Place = f.place(l.err)
	if f.unresolved() && slices.ContainsFunc(e.Frames, func(fr Frame) bool { return inputNameRE.MatchString(fr.Text) }) {
		e.Place = Place{} // in the flake of an input
	}
	e.Untracked = f.untracked(stripSGR(l.err.text()))
	return e
}

// place picks the line to send the reader to: where the error itself stands if
// that is in the flake; else a file of the flake that the message names (the
// module system reports bad definitions so); else the innermost frame of the
// trace that is in the flake.
func (f *Flake) place(r *record) Place {
	if p, ok := f.own(r.position); ok {
		return p
	}
	for _, m := range inModuleRE.FindAllStringSubmatch(r.text(), -1) {
		if rel, ok := f.relative(m[1]); ok {
			return Place{File: rel}
		}
	}
	for _, t := range r.Trace {
		if p, ok := f.own(t.position); ok {
			return p
		}
	}
	return Place{}
}

func (f *Flake) own(p position) (Place, bool) {
	rel, ok := f.relative(p.file())
	return Place{File: rel, Line: p.Line, Column: p.Column}, ok
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
	if file := p.file(); !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "«") || strings.HasPrefix(file, "«string»") {
		return ""
	}
	return Place{File: p.file(), Line: p.Line, Column: p.Column}.String()
}

// file is the file without the :LINE:COLUMN that newer versions append.
func (p position) file() string {
	suffix := fmt.Sprintf(":%d:%d", p.Line, p.Column)
	return strings.TrimSuffix(p.File, suffix)
}

// relative maps a file as Nix names it to the flake's own tree: a path in the
// store copy, in the checkout, or behind «reference».
func (f *Flake) relative(file string) (string, bool) {
	for _, root := range []string{f.StorePath, f.Checkout} {
		if root == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(file, root+"/"); ok && !strings.HasPrefix(rest, ".git/") {
			return path.Clean(rest), true
		}
	}
	// Before the flake is resolved older versions name only a store copy.
	if m := sourceRE.FindString(file); m != "" && f.unresolved() {
		return path.Clean(file[len(m):]), true
	}
	if rest, ok := strings.CutPrefix(file, "«"); ok && f.Rev != "" {
		ref, rest, ok := strings.Cut(rest, "»/")
		if ok && strings.Contains(ref, f.Rev) {
			return path.Clean(rest), true
		}
	}
	return "", false
}

// unresolved says that Nix did not get as far as telling where its copy is.
func (f *Flake) unresolved() bool { return f.StorePath == "" }

// relativize shortens the paths of the flake inside a message.
func (f *Flake) relativize(msg string) string {
	for _, root := range []string{f.StorePath, f.Checkout} {
		if root != "" && root != "/" {
			msg = strings.ReplaceAll(msg, root+"/", "")
		}
	}
	return msg
}

// inputFault recognises an input that could not be fetched and names it: from
// the trace while locking, from the lock file afterwards.
func (f *Flake) inputFault(e *EvalError) *InputFault {
	var in InputFault
	for _, fr := range e.Frames {
		if m := inputFetchRE.FindStringSubmatch(fr.Text); m != nil && in.URL == "" {
			in.URL = m[1]
		}
		if m := inputNameRE.FindStringSubmatch(fr.Text); m != nil && in.Name == "" {
			in.Name = m[1]
		}
	}
	if in.URL == "" && (in.Name == "" || !fetchFailRE.MatchString(e.Message)) {
		return nil
	}
	if name := strings.TrimPrefix(in.Name, "target"); name != in.Name {
		in.Name = strings.TrimPrefix(name, "/")
	}
	if in.Name == "" {
		in.Name = f.locks.nameOf(in.URL)
	}
	return &in
}
