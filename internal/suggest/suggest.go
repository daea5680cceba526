// Package suggest suggests what was probably meant on the command line.
package suggest

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/matrix"
)

// synonyms are subcommands of other programs.
var synonyms = map[string]string{
	"build": "run", "check": "run", "test": "run", "eval": "run --eval-only",
	"list": "matrix", "ls": "matrix", "show": "matrix", "boot": "vm", "compare": "diff",
}

// Command returns the arguments that were probably meant by an unknown subcommand, or "".
func Command(known []string, given string) string {
	switch near := matrix.Suggest(given, known); {
	case synonyms[given] != "":
		return synonyms[given]
	case IsFlake(given):
		return "run " + given
	default:
		return near
	}
}

// IsFlake reports whether an argument can only be a flake: the folder of one, or a reference with a
// colon.
func IsFlake(arg string) bool {
	return exists(filepath.Join(arg, "flake.nix")) || strings.Contains(arg, ":") && !exists(arg)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
