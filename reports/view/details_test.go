package view

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestDetails(t *testing.T) {
	excerpt := &result.Excerpt{FirstLine: 1, Lines: []string{"x"}}
	for name, d := range map[string]struct {
		cause result.Cause
		want  string
	}{
		"only the title":         {result.Cause{Title: "does not evaluate: x", Message: "x"}, ""},
		"more lines":             {result.Cause{Title: "does not evaluate: x", Message: "x\n       more\n         indented"}, "more\n  indented"},
		"other words":            {result.Cause{Title: "package a is unfree", Message: "refusing\nreally"}, "refusing\nreally"},
		"the log has it":         {result.Cause{Title: "check failed", Message: "no\nway", LogTail: "a\nno\nway"}, ""},
		"a list":                 {result.Cause{Title: "does not evaluate: Failed: eth0", Message: "\nFailed:\n- eth0\n- another"}, "- eth0\n- another"},
		"a list of one":          {result.Cause{Title: "does not evaluate: Failed: eth0", Message: "\nFailed:\n- eth0"}, ""},
		"cut title":              {result.Cause{Title: "does not evaluate: it is a long story of a host that…", Message: "it is a long story of a host that did not boot\nend"}, "…that did not boot\nend"},
		"cut title in a word":    {result.Cause{Title: "does not evaluate: " + strings.Repeat("x", 50) + "…", Message: strings.Repeat("x", 60)}, "…" + strings.Repeat("x", 10)},
		"cut title in a rune":    {result.Cause{Title: "does not evaluate: " + strings.Repeat("é", 50) + "…", Message: strings.Repeat("é", 52)}, "…éé"},
		"a title with dots":      {result.Cause{Title: "wait…", Message: "wait and see"}, "wait and see"},
		"a build with a log":     {result.Cause{Kind: "build", Title: "a failed to build (exit 1)", LogTail: "no", Message: "anything"}, ""},
		"a build without":        {result.Cause{Kind: "build", Title: "a failed to build (exit 1)", Message: "builder for '/nix/store/x-a.drv' failed with exit code 1"}, ""},
		"a newer Nix":            {result.Cause{Kind: "build", Title: "a failed to build (exit 1)", Message: "Cannot build '/nix/store/x-a.drv'.\nReason: builder failed with exit code 1.\nOutput paths:\n  /nix/store/y-a"}, ""},
		"a build with a reason":  {result.Cause{Kind: "build", Title: "a failed to build", Message: "Cannot build '/nix/store/x-a.drv'.\nReason: the cake is a lie."}, "Reason: the cake is a lie."},
		"the hint has it":        {result.Cause{Title: "does not evaluate: a", Hint: "did you mean b.c, d?", Message: "a\nDid you mean `b.c' or `d'?"}, ""},
		"the hint has only some": {result.Cause{Title: "does not evaluate: a", Hint: "did you mean b.c?", Message: "a\nDid you mean `b.c' or `x'?"}, "Did you mean `b.c' or `x'?"},
		"without a hint":         {result.Cause{Title: "does not evaluate: a", Message: "a\nDid you mean b?"}, "Did you mean b?"},
		"undeclared option": {result.Cause{
			Title: "does not evaluate: option a.b does not exist, set in c.nix", Hint: "did you mean a.c?", Excerpt: excerpt,
			Message: "The option `a.b' does not exist. Definition values:\n- In `c.nix':\n    {\n      d = 1;\n    }\n\nDid you mean `a.c'?",
		}, ""},
		"undeclared option in a module without a file": {result.Cause{
			Title: "does not evaluate: option a.b does not exist", Excerpt: excerpt,
			Message: "The option `a.b' does not exist. Definition values:\n- In `<unknown-file>':\n    {\n      d = 1;\n    }",
		}, ""},
		"undeclared option somewhere": {result.Cause{
			Title:   "does not evaluate: option a.b does not exist, set in c.nix",
			Message: "The option `a.b' does not exist. Definition values:\n- In `c.nix':\n    {\n      d = 1;\n    }\n",
		}, "- In `c.nix':\n    {\n      d = 1;\n    }"},
		"wrong type": {result.Cause{
			Title:   "does not evaluate: option a.b is not of type string: 5 in c.nix",
			Message: "A definition for option `a.b' is not of type `string'. Definition values:\n- In `c.nix': 5",
		}, ""},
		"a value with tabs": {result.Cause{
			Title:   `does not evaluate: option a.b is not of type integer: "a b" in c.nix`,
			Message: "A definition for option `a.b' is not of type `integer'. Definition values:\n- In `c.nix': \"a\tb\"",
		}, ""},
		"wrong type with the reason": {result.Cause{
			Title:   "does not evaluate: option a.b is not of type TOML value: <function> in c.nix",
			Message: "A definition for option `a.b' is not of type `TOML value'. TypeError: it is neither `a` nor `b`, Definition values:\n- In `c.nix': <function>",
		}, "TypeError: it is neither `a` nor `b`"},
		"long type": {result.Cause{
			Title:   `does not evaluate: option a.b is not one of "1", "2", … "6": "7" in c.nix`,
			Message: "A definition for option `a.b' is not of type `one of \"1\", \"2\", \"3\", \"4\", \"5\", \"6\"'. Definition values:\n- In `c.nix': \"7\"",
		}, `its type: one of "1", "2", "3", "4", "5", "6".`},
		"long value": {result.Cause{
			Title:   "does not evaluate: option a.b is not of type string: {… in c.nix",
			Message: "A definition for option `a.b' is not of type `string'. Definition values:\n- In `c.nix':\n    {\n      d = 1;\n    }",
		}, "- In `c.nix':\n    {\n      d = 1;\n    }"},
		"conflict": {result.Cause{
			Title: `does not evaluate: option a.b has conflicting values: "1" in c/default.nix, "2" in d.nix`, Hint: "have one win with lib.mkForce",
			Message: "The option `a.b' has conflicting definition values:\n- In `c': \"1\"\n- In `d.nix, via option flake.modules': \"2\"\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
		}, ""},
		"set more than once": {result.Cause{
			Title:   "does not evaluate: option a.b is set more than once, in c.nix and d.nix",
			Message: "The option `a.b' is defined multiple times while it's expected to be unique.\n\nDefinition values:\n- In `c.nix': 1\n- In `d.nix': 2",
		}, "- In `c.nix': 1\n- In `d.nix': 2"},
		"older words": {result.Cause{
			Title:   "does not evaluate: option a.b is set more than once, in /x/a.nix and /x/b.nix",
			Message: "The unique option `a.b' is defined multiple times, in:\n - /x/a.nix\n - /x/b.nix.",
		}, ""},
		"removed option": {result.Cause{
			Title:   "does not evaluate: option a.old no longer exists, set in c.nix",
			Message: "The option definition `a.old' in `c.nix' no longer has any effect; please remove it.\nUse a.new.",
		}, "Use a.new."},
		"a title of an older flakeci": {result.Cause{
			Title:   "does not evaluate: A definition for option `a.b' is not of type `string'. Definition values:",
			Message: "A definition for option `a.b' is not of type `string'. Definition values:\n- In `c.nix': 5",
		}, "- In `c.nix': 5"},
	} {
		if got := Details(d.cause); got != d.want {
			t.Errorf("%s: got %q, want %q", name, got, d.want)
		}
	}
}
