package nixlog

import (
	"path"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Spoiled is a file that git tracks but that does not have the content that the flake expects: it
// is encrypted, for example.
type Spoiled struct {
	// Place is the file, with the line of a conflict.
	Place result.Location
	By    Spoiler
}

// Spoiler is what spoiled a file.
type Spoiler string

// The spoilers that flakeci recognizes.
const (
	GitCrypt Spoiler = "git-crypt"
	LFS      Spoiler = "git-lfs"
	Conflict Spoiler = "conflict"
	Vault    Spoiler = "ansible-vault"
	Age      Spoiler = "age"
	PGP      Spoiler = "PGP"
	OpenSSL  Spoiler = "transcrypt"
	UTF16    Spoiler = "UTF-16"
)

// heads lists how spoiled files begin.
var heads = []struct {
	head string
	by   Spoiler
}{
	{"\x00GITCRYPT\x00", GitCrypt},
	{"version https://git-lfs.github.com/spec/", LFS},
	{"$ANSIBLE_VAULT;", Vault},
	{"age-encryption.org/", Age},
	{"-----BEGIN AGE ENCRYPTED FILE-----", Age},
	{"-----BEGIN PGP MESSAGE-----", PGP},
	{"U2FsdGVkX1", OpenSSL},
	{"\xff\xfe", UTF16},
	{"\xfe\xff", UTF16},
}

var conflictRE = regexp.MustCompile(`(?m)^<<<<<<< `)

// spoiler returns what spoiled a text, or "", and the line of a conflict.
func spoiler(text string) (by Spoiler, line int) {
	for _, h := range heads {
		if strings.HasPrefix(text, h.head) {
			return h.by, 0
		}
	}
	if at := conflictRE.FindStringIndex(text); at != nil && strings.Contains(text[at[0]:], "\n>>>>>>> ") {
		return Conflict, strings.Count(text[:at[0]], "\n") + 1
	}
	return "", 0
}

var (
	namedFileRE = regexp.MustCompile(`'([^'\n]+)'`)
	// Errors about a value that was read from a file.
	contentRE = regexp.MustCompile(`(?i)parse.error|syntax error|while parsing|toml::|json\.exception|cannot be represented as a Nix string|invalid UTF-8|undefined variable`)
	// A path in a Nix file: ./a/b, ../a, or the "/a" of self + "/a" and "${self}/a".
	literalRE = regexp.MustCompile(`(\.{0,2})((?:/[A-Za-z0-9_.+-]+)+)`)
)

// spoiled returns the spoiled file that an error comes from, or nil. That is the file where the
// error is, one that the message names, or one that the flake reads on the line of the error: an
// error about a text from readFile does not name the file.
func (t Tree) spoiled(e *EvalError, text string) *Spoiled {
	content := contentRE.MatchString(text)
	files := []string{e.Place.File}
	for _, m := range namedFileRE.FindAllStringSubmatch(text, maxNamed) {
		if file, ok := t.relative(m[1]); ok {
			files = append(files, file)
		}
	}
	if content {
		for _, place := range e.Places() {
			files = append(files, literals(place.File, t.sourceLine(place))...)
		}
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		by, line := spoiler(t.read(file))
		if by != "" && (by != Conflict || content) {
			return &Spoiled{Place: result.Location{File: file, Line: line}, By: by}
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
		if f.place.File != "" && len(list) < maxNamed {
			list = append(list, f.place)
		}
	}
	return list
}

// literals returns the files that a line of a Nix file names.
func literals(file, line string) []string {
	if !strings.Contains(line, "/") { // most lines: a pattern takes longer
		return nil
	}
	var files []string
	for _, m := range literalRE.FindAllStringSubmatch(line, maxNamed) {
		name := strings.TrimPrefix(m[2], "/")
		if m[1] != "" {
			name = path.Join(path.Dir(file), m[1], m[2])
		}
		if rel, ok := inside(name); ok {
			files = append(files, rel)
		}
	}
	return files
}

// sourceLine returns the line of a file of the tree, or "".
func (t Tree) sourceLine(p result.Location) string {
	if p.File == "" || p.Line <= 0 {
		return ""
	}
	n := 0
	for line := range strings.Lines(t.read(p.File)) {
		if n++; n == p.Line {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return ""
}
