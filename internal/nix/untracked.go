package nix

import (
	"path/filepath"
	"regexp"
)

var (
	missingRE = regexp.MustCompile(`(?:^|getting status of |opening file |[Pp]ath |file )['"](.+?)['"](?:: No such file or directory| does not exist)`)
	// The path is relative to the root of a repository, which may be an input's.
	notTrackedRE = regexp.MustCompile(`^Path '(.+)' in the repository "(.+)" is not tracked by Git`)
)

// untracked finds the file that an error calls missing in the checkout. Nix
// 2.8 may name the folder around it.
func (f *Flake) untracked(msg string) string {
	if !f.inGit || f.Checkout == "" {
		return ""
	}
	rel, ok := f.missing(msg)
	if !ok {
		return ""
	}
	file := filepath.Join(f.Checkout, rel)
	switch {
	case !exists(file):
		return ""
	case f.StorePath != "" && exists(filepath.Join(f.StorePath, rel)):
		return "" // Nix does see it, whatever the message says
	case gitRoot(filepath.Dir(file)) != f.Checkout:
		return "" // in a submodule, which is another matter
	}
	return rel
}

// missing is the path in the flake that a message says is not there.
func (f *Flake) missing(msg string) (string, bool) {
	if m := notTrackedRE.FindStringSubmatch(msg); m != nil && m[2] == f.Checkout {
		return inside(m[1])
	}
	if m := missingRE.FindStringSubmatch(msg); m != nil {
		return f.relative(m[1])
	}
	return "", false
}
