package diagnose

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
)

// advice is what to say about one kind of evaluation error.
type advice struct {
	name string
	// found returns the details if the error is of this kind, and nil if it is not.
	found func(*nixlog.EvalError) []string
	// give completes a cause that has the error as its title and message.
	give func(c *result.Cause, e *nixlog.EvalError, found []string)
}

// advices are tried in order; the first that fits the error is given. Those that rely on the
// flake's files and Nix's settings come before those that rely on the words of a message.
var advices = slices.Concat(
	[]advice{
		{"setting", setIf(func(e *nixlog.EvalError) bool { return e.Setting != "" }), adviseSetting},
		{"spoiled file", setIf(func(e *nixlog.EvalError) bool { return e.Spoiled != nil }), adviseSpoiled},
		{"lock file", setIf(func(e *nixlog.EvalError) bool { return e.Lock != nil }), adviseLock},
		{"input", setIf(func(e *nixlog.EvalError) bool { return e.Input != nil }), adviseInput},
		{"fetch", setIf(func(e *nixlog.EvalError) bool { return e.Fetch != nil }), adviseFetch},
		{"wrong hash", says(`^hash mismatch in file downloaded from '([^']+)'`), adviseHash},
		{"submodule", setIf(func(e *nixlog.EvalError) bool { return e.Submodule != "" }), adviseSubmodule},
		{"untracked", setIf(func(e *nixlog.EvalError) bool { return e.Untracked != "" }), adviseUntracked},
		{"import from derivation", says(`^cannot build '([^']+\.drv)[^']*' during evaluation because the option 'allow-import-from-derivation' is disabled`), adviseImport},
		{"package", isPackage, advisePackage},
		{"module argument", setIf(func(e *nixlog.EvalError) bool { return e.Argument != "" }), adviseArgument},
		{"module system", setIf(func(e *nixlog.EvalError) bool { return e.Module != nil && e.Module.Title() != "" }), func(c *result.Cause, e *nixlog.EvalError, _ []string) { adviseModule(c, e.Module) }},
	}, pureAdvices(), limitAdvices(),
)

// setIf makes a found function from a condition on what nixlog found.
func setIf(has func(*nixlog.EvalError) bool) func(*nixlog.EvalError) []string {
	return func(e *nixlog.EvalError) []string {
		if has(e) {
			return []string{}
		}
		return nil
	}
}

// says makes a found function that matches a pattern with the message and returns its groups.
func says(pattern string) func(*nixlog.EvalError) []string {
	re := regexp.MustCompile(pattern)
	return func(e *nixlog.EvalError) []string {
		if m := re.FindStringSubmatch(e.Message); m != nil {
			return m[1:]
		}
		return nil
	}
}

// hinting makes a give function that only adds a hint, into which it formats what was found.
func hinting(format string) func(*result.Cause, *nixlog.EvalError, []string) {
	return func(c *result.Cause, _ *nixlog.EvalError, found []string) {
		args := make([]any, len(found))
		for i, text := range found {
			args[i] = text
		}
		c.Hint = fmt.Sprintf(format, args...)
	}
}

// advise completes the cause of an evaluation error.
func advise(c *result.Cause, e *nixlog.EvalError) {
	for _, a := range advices {
		if found := a.found(e); found != nil {
			a.give(c, e, found)
			return
		}
	}
}

func adviseUntracked(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Message = withoutGitAdd(c.Message)
	c.Hint = fmt.Sprintf("git does not track %s, so Nix does not see it: git add %s", e.Untracked, e.Untracked)
}

// withoutGitAdd removes the hint that newer versions of Nix add, which has the full path of the
// checkout.
func withoutGitAdd(message string) string {
	return gitAddRE.ReplaceAllString(message, "")
}

var gitAddRE = regexp.MustCompile(`(?s)\n\nTo make it visible to Nix, run:.*`)

// adviseSubmodule makes a missing submodule one cause, whichever of its files are needed.
func adviseSubmodule(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Message = withoutGitAdd(c.Message)
	c.Title = fmt.Sprintf("%sthe git submodule %s is left out", notEvaluated, e.Submodule)
	c.Key = result.NewCauseKey(c.Kind, "submodule", e.Submodule)
	c.Hint = "ask Nix for submodules: flakeci run '.?submodules=1', or inputs.self.submodules = true in flake.nix (since Nix 2.27)"
}

// adviseImport makes all imports from one derivation one cause.
func adviseImport(c *result.Cause, _ *nixlog.EvalError, found []string) {
	name := storepath.Name(found[0])
	c.Title = notEvaluated + name + " has to be built first, but import from derivation is off"
	c.Key = result.NewCauseKey(c.Kind, "import from derivation", name)
	c.Hint = "allow it with --option allow-import-from-derivation true, or have the flake read a file of its own instead of one that a derivation builds"
}

// adviseSetting blames this machine for what one of its settings forbids.
func adviseSetting(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Kind = result.CauseInfra
	c.Key = result.NewCauseKey(c.Kind, "setting", e.Setting)
	c.Title = fmt.Sprintf("Nix is set to %s = %s, ", e.Setting, e.Value) + map[string]string{
		"allow-dirty":    "but the checkout has uncommitted changes",
		"abort-on-warn":  "but the flake printed a warning",
		"restrict-eval":  "so it refuses to read what the flake needs",
		"max-call-depth": "which is too low for the flake",
	}[e.Setting]
	c.Hint = map[string]string{
		"allow-dirty":    "commit the changes, or allow them with --option allow-dirty true",
		"abort-on-warn":  "fix what it warns about, or allow warnings with --option abort-on-warn false",
		"restrict-eval":  "lift the restriction with --option restrict-eval false",
		"max-call-depth": "restore the default: --option max-call-depth 10000",
	}[e.Setting]
}
