package flaketree

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixfile"
	"github.com/flakeci/flakeci/result"
)

var (
	// nixpkgs refuses to evaluate a package, in older and newer words.
	packageRE = regexp.MustCompile("^(?:Package|Refusing to evaluate package) [‘'`\"]([A-Za-z0-9_+.-]+?)(?:-[0-9][^’'\"\n]*)?[’'\"] in ")
	// No name of a file that says nothing about it.
	plainFileRE = regexp.MustCompile(`^(?:default|flake|configuration|home)\.nix$`)
)

// maxMentions limits how many lines that name one thing are kept.
const maxMentions = 20

// notPathRE finds a string that is imported, which a list of modules can have by mistake, and
// classRE a module that is imported where another kind belongs.
var (
	notPathRE = regexp.MustCompile(`^string '([^'\n]+)' doesn't represent an absolute path`)
	classRE   = regexp.MustCompile("^The module `([^`'\n]+)[`'] \\(class: .* cannot be imported into a module evaluation")
)

// Mentions returns the lines of the flake that name what an error is about, as far as that is a
// file or a package. Nix says only where it was used in the end.
func (t Tree) Mentions(text string) []result.Location {
	if t.Files == nil {
		return nil
	}
	if file, ok := t.Missing(text); ok {
		return t.naming(file)
	}
	if m := classRE.FindStringSubmatch(text); m != nil {
		if file, ok := t.Relative(m[1]); ok {
			return t.naming(file)
		}
	}
	if m := notPathRE.FindStringSubmatch(text); m != nil {
		return t.search(word(func(name string) bool { return name == m[1] }), m[1])
	}
	if m := missingRE.FindStringSubmatch(text); m != nil {
		// A file of an input: the flake says its name, perhaps without the suffix.
		name := path.Base(m[1])
		if _, _, ok := t.CutInput(m[1]); !ok || plainFileRE.MatchString(name) {
			return nil
		}
		name = strings.TrimSuffix(name, path.Ext(name))
		return t.search(func(_, line string) int { return strings.Index(line, name) }, name)
	}
	if m := packageRE.FindStringSubmatch(text); m != nil {
		found := t.search(word(func(name string) bool { return name == m[1] }), m[1])
		if found == nil { // such as openssl_1_1
			versioned := regexp.MustCompile("^" + regexp.QuoteMeta(m[1]) + `[_0-9.-]+$`)
			found = t.search(word(versioned.MatchString), m[1])
		}
		return found
	}
	return nil
}

// naming returns the lines of the flake with the path of a file, relative to the file that they
// are in.
func (t Tree) naming(file string) []result.Location {
	parts := []string{path.Base(file)}
	if parts[0] == "default.nix" {
		parts = append(parts, path.Base(path.Dir(file)), "/.") // as in ../.
	}
	return t.search(func(at, line string) int {
		for _, l := range Literals(at, line) {
			if l == file || l+"/default.nix" == file {
				return max(strings.Index(line, path.Base(l)), 0)
			}
		}
		return -1
	}, parts...)
}

func word(match func(name string) bool) func(file, line string) int {
	return func(_, line string) int { return nixfile.Word(line, match) }
}

// Texts returns the lines of the flake that have the first line of a text.
func (t Tree) Texts(text string) []result.Location {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if first == "" || t.Files == nil {
		return nil
	}
	return t.search(func(_, line string) int { return strings.Index(line, first) }, first)
}

// Words returns the lines of files with a name or string that match accepts.
func (t Tree) Words(files []string, match func(name string) bool) []result.Location {
	return t.searchIn(files, word(match))
}

// maxEnclosing limits how many lines of one binding name the files of one configuration, rather
// than those of all.
const maxEnclosing = 25

// Named returns the files of the flake that a line of one of its files names by their paths, or
// the binding that the line is in: the call for a host has its modules on further lines.
func (t Tree) Named(p result.Location) []string {
	first, last, ok := nixfile.Enclosing(t.Text(p.File), p.Line)
	if !ok || last-first >= maxEnclosing {
		first, last = p.Line, p.Line
	}
	var paths []string
	for line := first; line <= last; line++ {
		paths = append(paths, Literals(p.File, t.SourceLine(result.Location{File: p.File, Line: line}))...)
	}
	return t.existing(paths)
}

// maxNamedIn limits how many paths of one file are looked up.
const maxNamedIn = 1000

// NamedIn returns the files of the flake that a file names by their paths.
func (t Tree) NamedIn(file string) []string {
	var paths []string
	seen := map[string]bool{}
	for line := range strings.Lines(nixfile.Code(t.Text(file))) {
		for _, l := range Literals(file, line) {
			if !seen[l] && len(seen) < maxNamedIn {
				seen[l] = true
				paths = append(paths, l)
			}
		}
	}
	return t.existing(paths)
}

// existing returns the files that paths in the tree stand for.
func (t Tree) existing(paths []string) []string {
	var files []string
	for _, p := range paths {
		if name, ok := t.folded(p); ok {
			files = append(files, name)
		}
	}
	return files
}

// folded returns the file that a path in the tree stands for: a folder means its default.nix.
func (t Tree) folded(file string) (string, bool) {
	if below := file + "/default.nix"; t.Text(below) != "" {
		return below, true
	}
	return file, t.Text(file) != ""
}

// search returns the lines of the flake's Nix files in which find finds something.
func (t Tree) search(find func(file, line string) int, parts ...string) []result.Location {
	return t.searchIn(t.Files(), find, parts...)
}

// searchIn returns the lines of files in which find finds something, at the offset that it
// returns. Comments do not count. If there are parts, each such line has one of them: to look for
// those first takes less time.
func (t Tree) searchIn(files []string, find func(file, line string) int, parts ...string) []result.Location {
	worth := func(text string) bool {
		return parts == nil || slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	}
	var found []result.Location
	for _, file := range files {
		text := t.Text(file)
		if !worth(text) {
			continue
		}
		n := 0
		var code []string // only of a file in which something is found
		for line := range strings.Lines(text) {
			n++
			if !worth(line) || find(file, line) < 0 {
				continue
			}
			if code == nil {
				code = strings.Split(nixfile.Code(text), "\n")
			}
			if at := find(file, code[n-1]); at >= 0 {
				found = append(found, result.Location{File: file, Line: n, Column: at + 1})
			}
			if len(found) >= maxMentions {
				return found
			}
		}
	}
	return found
}
