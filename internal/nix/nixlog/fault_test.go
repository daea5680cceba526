package nixlog

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

// What the system keeps from Nix itself, in the words of several versions, unless it is in a
// file of the flake.
func TestFaultsOfTheSystem(t *testing.T) {
	place := result.Location{File: "flake.nix", Line: 1}
	for text, want := range map[string]result.CauseKind{
		`creating directory "/proc/y/nix": No such file or directory`:                                                       result.CauseInfra,
		`creating directory '/ro/.cache/nix': Read-only file system`:                                                        result.CauseInfra,
		`creating directory "/home/u/.cache/nix": Permission denied`:                                                        result.CauseInfra,
		`creating directory '/file/nix': Not a directory`:                                                                   result.CauseInfra,
		`'/file' is not a directory`:                                                                                        result.CauseInfra,
		`opening lock file '/home/u/.cache/nix/x.lock': Permission denied`:                                                  result.CauseDaemon, // of the store, in most cases
		`opening file '/checkout/flake.nix': Permission denied`:                                                             result.CauseInfra,
		`opening directory "/nix/store": Too many open files`:                                                               result.CauseInfra,
		`cannot open '/dev/null': Too many open files`:                                                                      result.CauseInfra,
		`cannot open SQLite database '/home/u/.cache/nix/eval-cache-v2/x.sqlite'`:                                           result.CauseInfra,
		"getting the HEAD of the Git tree '/x' failed with exit code 1:\nerror: executing 'git': No such file or directory": result.CauseInfra,
		`opening Git repository "/x": repository path '/x' is not owned by current user (libgit2 error code = 7)`:           result.CauseInfra,
		"program 'git' failed with exit code 128\nfatal: detected dubious ownership in repository at '/x'":                  result.CauseInfra,
		`getting status of '/x/y': No such file or directory`:                                                               "",
		`opening file '/x/y': No such file or directory`:                                                                    "",
		`getting status of 'file/x': Not a directory`:                                                                       "",
		`attribute 'creating' missing`:                                                                                      "",
	} {
		if got := (&EvalError{Message: text}).MachineFault(); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
		if got := (&EvalError{Message: text, Place: place}).MachineFault(); got != "" {
			t.Errorf("%s in the flake is %q", text, got)
		}
	}
}
