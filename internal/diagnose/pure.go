package diagnose

import (
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// pureAdvices are about what pure evaluation lacks or forbids.
func pureAdvices() []advice {
	list := []advice{
		{"current system", says(`^attribute 'currentSystem' missing`), hinting("pure evaluation does not know the machine: write the system (such as \"x86_64-linux\") in the flake; --impure would allow builtins.currentSystem")},
		{"current time", says(`^attribute 'currentTime' missing`), hinting("pure evaluation does not know the time: use self.lastModified; --impure would allow builtins.currentTime")},
		{"search path", says(`^cannot look up '<([^'>]*)>' in pure eval`), adviseSearchPath},
		{"impure search path", says(`^file '([^']+)' was not found in the Nix search path`), hinting("nothing on NIX_PATH provides <%s>; use an input of the flake, which is the same on every machine")},
		{"absolute path", says(`^access to (?:absolute |canonical )?path '([^']*)' is forbidden in pure eval`), adviseAbsolute},
		{"home path", says(`^the path '(~[^']*)' can ?not be resolved in pure mode`), adviseAbsolute},
		{"store path", says(`^'builtins\.storePath' is not allowed in pure eval`), hinting("pure evaluation cannot take a path from the store: make it an input of the flake; --impure would allow it")},
		{"unpinned fetch", says(`^in pure evaluation mode, '([^']+)' (?:requires|will not|doesn't|does not)`), adviseUnpinned},
		{"unlocked flake", says(`^cannot call 'getFlake' on unlocked flake reference`), hinting("make that flake an input, which flake.lock pins, or name its revision; --impure would allow it")},
		{"impure value", setIf(func(e *nixlog.EvalError) bool { return e.Impure != "" }), adviseImpure},
	}
	for i, a := range list {
		list[i].give = func(c *result.Cause, e *nixlog.EvalError, found []string) {
			c.Title = atRE.ReplaceAllString(overrideRE.ReplaceAllString(c.Title, ""), "")
			a.give(c, e, found)
		}
	}
	return list
}

func adviseSearchPath(c *result.Cause, _ *nixlog.EvalError, found []string) {
	input, _, _ := strings.Cut(found[0], "/")
	c.Hint = "pure evaluation has no NIX_PATH: use an input of the flake (inputs." + input + ") instead of <" + found[0] + ">; --impure would allow it"
}

func adviseAbsolute(c *result.Cause, _ *nixlog.EvalError, found []string) {
	c.Hint = "pure evaluation reads only files of the flake and its inputs: copy the file into the flake and name it by a relative path; --impure would allow it"
	if strings.HasPrefix(found[0], "/nix/store/") {
		c.Hint = "pure evaluation reads only what the flake and its inputs contain or build: make it an input; --impure would allow it"
	}
}

func adviseUnpinned(c *result.Cause, _ *nixlog.EvalError, found []string) {
	pin := map[string]string{
		"fetchurl": "its hash (sha256 = …)", "fetchTarball": "its hash (sha256 = …)",
		"fetchGit": "its revision (rev = …)", "fetchMercurial": "its revision (rev = …)",
	}[found[0]]
	if pin == "" {
		pin = "its revision (rev = …) or hash (narHash = …)"
	}
	c.Hint = "pin it by " + pin + ", or make it an input, which flake.lock pins; --impure would allow it"
}

var (
	// The hint already says what this part of Nix's message says.
	overrideRE = regexp.MustCompile(` \(use '?--impure'? to override\)$`)
	// Older versions also put the place into the message.
	atRE = regexp.MustCompile(`, at \S+$`)
)

func adviseImpure(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Hint = map[string]string{
		"getEnv":        "in pure evaluation builtins.getEnv always gives \"\"",
		"currentSystem": "pure evaluation has no builtins.currentSystem",
		"currentTime":   "pure evaluation has no builtins.currentTime",
		"nixPath":       "in pure evaluation builtins.nixPath is empty",
		"storePath":     "pure evaluation does not allow builtins.storePath",
	}[e.Impure] + "; --impure would allow it"
}
