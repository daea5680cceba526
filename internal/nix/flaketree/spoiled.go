package flaketree

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

// SpoilerOf returns what spoiled a text, or "", and the line of a conflict.
func SpoilerOf(text string) (by Spoiler, line int) {
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
	// A path in a Nix file: ./a/b, ../a, or the "/a" of self + "/a" and "${self}/a".
	literalRE = regexp.MustCompile(`(\.{0,2})((?:/[A-Za-z0-9_.+-]+)+)`)
)

// maxLiterals limits how many files of one line count.
const maxLiterals = 10

// Literals returns the files that a line of a Nix file names.
func Literals(file, line string) []string {
	if !strings.Contains(line, "/") { // most lines: a pattern takes longer
		return nil
	}
	var files []string
	for _, m := range literalRE.FindAllStringSubmatch(line, maxLiterals) {
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

// SourceLine returns the line of a file of the tree, or "".
func (t Tree) SourceLine(p result.Location) string {
	if p.File == "" || p.Line <= 0 {
		return ""
	}
	n := 0
	for line := range strings.Lines(t.Text(p.File)) {
		if n++; n == p.Line {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return ""
}
