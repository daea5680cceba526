package nixlog

import (
	"regexp"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/result"
)

var (
	namedFileRE = regexp.MustCompile(`'([^'\n]+)'`)
	// Errors about a value that was read from a file.
	contentRE = regexp.MustCompile(`(?i)parse.error|syntax error|while parsing|toml::|json\.exception|cannot be represented as a Nix string|invalid UTF-8|undefined variable`)
)

// spoiled returns the spoiled file that an error comes from, or nil. That is the file where the
// error is, one that the message names, or one that the flake reads on the line of the error: an
// error about a text from readFile does not name the file.
func spoiled(t flaketree.Tree, e *EvalError, text string) *flaketree.Spoiled {
	content := contentRE.MatchString(text)
	files := []string{e.Place.File}
	for _, m := range namedFileRE.FindAllStringSubmatch(text, maxNamed) {
		if file, ok := t.Relative(m[1]); ok {
			files = append(files, file)
		}
	}
	if content {
		for _, place := range e.Places() {
			files = append(files, flaketree.Literals(place.File, t.SourceLine(place))...)
		}
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		by, line := flaketree.SpoilerOf(t.Text(file))
		if by != "" && (by != flaketree.Conflict || content) {
			return &flaketree.Spoiled{Place: result.Location{File: file, Line: line}, By: by}
		}
	}
	return nil
}

// maxNamed limits how many files flakeci checks for one error.
const maxNamed = 10

// Places returns where the error is in the flake, and how evaluation got there.
func (e *EvalError) Places() []result.Location {
	list := []result.Location{e.Place}
	for _, f := range e.Frames {
		if f.Place.File != "" && len(list) < maxNamed {
			list = append(list, f.Place)
		}
	}
	return list
}
