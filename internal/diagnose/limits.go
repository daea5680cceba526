package diagnose

import (
	"cmp"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// limitAdvices are about the evaluator's limits, and about how it stops.
func limitAdvices() []advice {
	return []advice{
		{"infinite recursion", says(`^infinite recursion encountered`), hinting("a value depends on itself; in modules it is usually an imports or mkIf that depends on config")},
		{"call depth", says(`max-call-depth exceeded`), adviseDepth},
		{"stack overflow", says(`^stack overflow`), hinting("a value depends on itself, or functions call each other too deeply for the stack; a larger stack (ulimit -s) helps only in the second case")},
		{"abort", aborted, adviseAbort},
		{"experimental feature", says(`^experimental Nix feature '([^']+)' is disabled`), hinting("allow it with --option extra-experimental-features %s")},
	}
}

func adviseDepth(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Hint = "functions call each other, or a value is nested, more than " + cmp.Or(e.Value, "the allowed number") +
		" deep, as in an endless recursion; if the recursion does end, allow more: --option max-call-depth NUMBER"
}

func aborted(e *nixlog.EvalError) []string {
	if said, ok := nixlog.Aborted(e.Message); ok {
		return []string{said}
	}
	return nil
}

// adviseAbort quotes what the flake passed to builtins.abort.
func adviseAbort(c *result.Cause, _ *nixlog.EvalError, found []string) {
	c.Title = notEvaluated + "aborted: " + firstLine(found[0])
	c.Message = found[0]
}
