package diagnose

import (
	"fmt"
	"path"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// adviseSpoiled makes a spoiled file one cause, whatever it breaks.
func adviseSpoiled(c *result.Cause, e *nixlog.EvalError, _ []string) {
	s := e.Spoiled
	c.Location = s.Place.OrNil()
	c.Key = result.NewCauseKey(c.Kind, "spoiled", s.Place.File, string(s.By))
	what := "is encrypted (" + string(s.By) + ")"
	switch s.By {
	case flaketree.GitCrypt:
		c.Hint = "unlock the checkout first: git-crypt unlock; if Nix still sees the encrypted files, name the folder itself: flakeci run path:."
	case flaketree.LFS:
		what = "is a git-lfs pointer, not the file itself"
		c.Hint = "have Nix fetch it: flakeci run '.?lfs=1', or inputs.self.lfs = true in flake.nix (since Nix 2.27); or run git lfs pull (on GitHub: actions/checkout with lfs: true) and name the folder itself: flakeci run path:."
	case flaketree.Conflict:
		what = "has a merge conflict"
		c.Hint = "resolve it, and remove the lines with <<<<<<<, ======= and >>>>>>>"
		if isLock(s.Place.File) {
			c.Hint = "take the flake.lock of one side (git checkout BRANCH -- " + s.Place.File + ") and lock again: nix flake lock"
		}
	case flaketree.UTF16:
		what = "is written in UTF-16"
		c.Hint = "save it as UTF-8, the only encoding that Nix reads"
	default:
		c.Hint = "decrypt it first, or leave it to the machine to decrypt it at activation (as sops-nix and agenix do) instead of reading it during evaluation"
	}
	c.Title = fmt.Sprintf("%s%s %s", notEvaluated, s.Place.File, what)
}

func isLock(file string) bool { return path.Base(file) == "flake.lock" }

// adviseLock says what is wrong with a lock file.
func adviseLock(c *result.Cause, e *nixlog.EvalError, _ []string) {
	l, file := e.Lock, "flake.lock"
	if e.Place.File != "" {
		file = e.Place.File
	}
	c.Key = result.NewCauseKey(c.Kind, "lock file", file, string(l.Kind), l.Input)
	c.LogTail = "" // Nix has not evaluated the flake yet
	switch l.Kind {
	case nixlog.LockHash:
		c.Title = fmt.Sprintf("%sinput %s is not what %s says", notEvaluated, l.Input, file)
		c.Hint = fmt.Sprintf("if its content is right, lock it again: nix flake update %s (before Nix 2.19: nix flake lock --update-input %[1]s)", l.Input)
		return
	case nixlog.LockRevision:
		adviseInput(c, e, nil)
		c.Key = result.NewCauseKey(c.Kind, "lock file", file, string(l.Kind), l.Input)
		c.Hint = fmt.Sprintf("its repository does not have the revision that %s names; lock another one: nix flake update %s (before Nix 2.19: nix flake lock --update-input %[2]s)", file, l.Input)
		return
	}
	if l.Input != "" && e.Place.File == "" {
		c.Key = ""
		c.Hint = fmt.Sprintf("the lock file of input %s is broken: have it fixed there, or use another revision: --override-input %[1]s REF", l.Input)
		return
	}
	switch l.Kind {
	case nixlog.LockEmpty:
		c.Title = notEvaluated + file + " is empty"
		c.Hint = fmt.Sprintf("restore it (git log -- %s), or remove it and lock again: nix flake lock", file)
	case nixlog.LockSyntax:
		c.Title = notEvaluated + file + " is not JSON"
		c.Hint = fmt.Sprintf("fix it, or restore it: git log -- %s", file)
	case nixlog.LockVersion:
		c.Title = fmt.Sprintf("%s%s has format version %d, which this Nix does not know", notEvaluated, file, l.Version)
		c.Hint = "use the Nix that wrote it, or remove it and lock again with this one: nix flake lock"
	default:
		c.Title = notEvaluated + file + ": " + firstLine(e.Message)
		c.Hint = fmt.Sprintf("restore it (git log -- %s), or remove it and lock again: nix flake lock", file)
	}
}
