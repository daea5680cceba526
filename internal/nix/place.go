package nix

import (
	"os"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
)

var (
	// The module system names files in its messages, "- In `FILE': value", and
	// in the context it adds to a trace, "definitions from `FILE':".
	inModuleRE = regexp.MustCompile("In `([^']+?)'(?::|, | and|\\.|$)")
	contextRE  = regexp.MustCompile("^while evaluating definitions from [`'\"]([^'`\"]+)[`'\"]")
)

// place picks the line to send the reader to: where the error itself stands if
// that is in the flake; else a file of the flake that the message names (the
// module system reports bad definitions so); else the innermost frame of the
// trace that is in the flake or says that a module of it is being evaluated.
func (f *Flake) place(r *record) Place {
	if p, ok := f.own(r.position); ok {
		return p
	}
	for _, m := range inModuleRE.FindAllStringSubmatch(r.text(), -1) {
		if rel, ok := f.module(m[1]); ok {
			return Place{File: rel}
		}
	}
	for _, t := range r.Trace {
		if p, ok := f.own(t.position); ok {
			return p
		}
		if m := contextRE.FindStringSubmatch(strings.TrimSpace(stripSGR(t.RawMsg))); m != nil {
			if rel, ok := f.module(m[1]); ok {
				return Place{File: rel, Line: f.lineWith(rel, r.text())}
			}
		}
	}
	return Place{}
}

func (f *Flake) own(p position) (Place, bool) {
	rel, ok := f.relative(p.file())
	return Place{File: rel, Line: p.Line, Column: p.Column}, ok
}

// module is relative for what the module system calls the file of a module: it
// names a folder as it was imported.
func (f *Flake) module(file string) (string, bool) {
	rel, ok := f.relative(file)
	if ok && f.read(rel+"/default.nix") != "" {
		rel += "/default.nix"
	}
	return rel, ok
}

// lineWith finds the line of a file that a message was written on: older
// versions do not say where a throw stands. It is 0 unless the first line of
// the message stands on just one line of the file.
func (f *Flake) lineWith(rel, message string) int {
	first, _, _ := strings.Cut(message, "\n")
	text := f.read(rel)
	if first == "" || strings.Count(text, first) != 1 {
		return 0
	}
	before, _, _ := strings.Cut(text, first)
	return strings.Count(before, "\n") + 1
}

// No Nix file that a person wrote is longer, in bytes.
const maxSource = 1 << 20

// read gives a file of the flake, or nothing. A link in it may lead anywhere on
// this machine, and to something without end; such are not followed.
func (f *Flake) read(rel string) string {
	root, err := os.OpenRoot(f.StorePath)
	if err != nil {
		return ""
	}
	defer root.Close()
	file, err := safefile.OpenIn(root, rel)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := safefile.All(file, maxSource)
	if err != nil {
		return ""
	}
	return string(text)
}
