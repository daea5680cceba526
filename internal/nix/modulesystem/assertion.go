package modulesystem

import (
	"regexp"
	"strings"
)

// maxAssertions limits how many assertions of one error are told apart: each becomes a cause, and is
// looked for in the flake.
const maxAssertions = 100

// Assertions returns the failed assertions in an error, which lists all that failed in one
// configuration as items, each of which may have several lines. The last one has the rest if there
// are too many.
func Assertions(message string) []string {
	const head, item = "Failed assertions:\n", "- "
	list, found := strings.CutPrefix(strings.TrimSpace(message), head)
	if !found || !strings.HasPrefix(list, item) {
		return nil
	}
	items := strings.SplitN(list[len(item):], "\n"+item, maxAssertions)
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

var (
	collisionRE = regexp.MustCompile("^Conflicting managed target files: (.+)")
	// An option in the text of an assertion: in quotes of any kind, or two names or more with
	// dots between them.
	namedRE   = regexp.MustCompile("[`'\"‘“]([A-Za-z_][\\w-]*(?:\\.[\\w<>*\"-]+)*)['`\"’”]|\\b([a-z][\\w-]*(?:\\.[A-Za-z_][\\w-]*)+)")
	versionRE = regexp.MustCompile(`-[0-9]`) // in the name of a package
	renamedRE = regexp.MustCompile("^The option `([^'\n]+)' defined in `([^'\n]+)' has been renamed to `([^'\n]+)'")
)

// maxCollisions limits how many files of one message are looked for.
const maxCollisions = 50

// Collisions returns the first files that home-manager says several modules write, relative to the
// home, or nil if a message does not say so.
func Collisions(message string) []string {
	m := collisionRE.FindStringSubmatch(message)
	if m == nil {
		return nil
	}
	files := strings.SplitN(m[1], ", ", maxCollisions+1)
	return files[:min(len(files), maxCollisions)]
}

// maxNamed limits how many options of one text are looked at.
const maxNamed = 8

// Named returns what may be options in a text.
func Named(text string) []string {
	var names []string
	for _, m := range namedRE.FindAllStringSubmatch(text, maxNamed) {
		name := m[1] + m[2]
		if !strings.HasPrefix(name, "lib.") && !strings.HasSuffix(name, ".nix") && !versionRE.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// Rename is what a warning says about an option that a file sets under its old name.
type Rename struct{ From, To, File string }

// Renamed reads such a warning.
func Renamed(warning string) (r Rename, ok bool) {
	m := renamedRE.FindStringSubmatch(warning)
	if m == nil {
		return Rename{}, false
	}
	return Rename{From: m[1], To: m[3], File: file(m[2])}, true
}
