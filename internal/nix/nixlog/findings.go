package nixlog

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
)

// lookInto adds what the flake's own files reveal about an error whose place is known.
func (e *EvalError) lookInto(t flaketree.Tree, text string) {
	if file, ok := t.Missing(text); ok {
		switch {
		case t.Submodule != nil && t.Submodule(file) != "":
			e.Submodule = t.Submodule(file)
		case t.Untracked != nil && t.Untracked(file):
			e.Untracked = file
		}
		return
	}
	if e.Spoiled = spoiled(t, e, text); e.Spoiled != nil {
		e.Excerpt = t.Excerpt(e.Spoiled.Place)
	}
	if t.Pure && e.Spoiled == nil {
		e.Impure = impurity(t, e)
	}
	if e.Spoiled == nil && t.Submodule != nil {
		e.Submodule = emptySubmodule(t, e, text)
	}
}

// impureRE finds builtins that are missing, forbidden or empty in pure evaluation.
var impureRE = regexp.MustCompile(`\b(?:builtins\.)?(getEnv|currentSystem|currentTime|nixPath|storePath)\b`)

// impurity returns what the flake asks the machine for on the line of an error, or "". Older
// versions do not say where a throw is; a search for its text may find the line.
func impurity(t flaketree.Tree, e *EvalError) string {
	line := t.SourceLine(e.Place)
	if at := t.LineWith(e.Place.File, e.Message); at > 0 {
		place := e.Place
		place.Line = at
		line += "\n" + t.SourceLine(place)
	}
	if m := impureRE.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// emptySubmodule returns the submodule that is named on the line of an error about an attribute
// that is missing, or "": Nix may have left the attribute's folder empty.
func emptySubmodule(t flaketree.Tree, e *EvalError, text string) string {
	if !lacksRE.MatchString(text) {
		return ""
	}
	for _, file := range flaketree.Literals(e.Place.File, t.SourceLine(e.Place)) {
		if name := t.Submodule(file); name != "" {
			return name
		}
	}
	return ""
}

// forbidden lists what Nix says when one of its settings, with this value, forbids something. If
// the error has a place in the flake, the flake itself threw those words, unless anywhere is set.
var forbidden = []struct {
	setting, value string
	anywhere       bool
	re             *regexp.Regexp
}{
	{"allow-dirty", "false", false, regexp.MustCompile(`(?s)^(?:Git|Mercurial) tree '.*' (?:is dirty|is unclean|has uncommitted changes)`)},
	{"abort-on-warn", "true", true, regexp.MustCompile(`^aborting to reveal stack trace of .*abort-on-warn is set`)},
	{"restrict-eval", "true", true, regexp.MustCompile(`(?s)^access to (?:URI|(?:absolute |canonical )?path) '.*' is forbidden in restricted mode`)},
	// Older versions report the restriction as one of pure evaluation, and apply it to the flake
	// itself.
	{"restrict-eval", "true", false, regexp.MustCompile(`^access to absolute path '.*' is forbidden in pure eval mode`)},
}

// usualDepth is Nix's own limit on calls within calls.
const usualDepth = 10000

// findSetting notes the setting that forbids what the flake does.
func (e *EvalError) findSetting(t flaketree.Tree, r *record, warned string) {
	if t.Setting == nil {
		return
	}
	_, inFlake := t.Place(r.Position)
	inFlake = inFlake || slices.ContainsFunc(e.Frames, Frame.Useful)
	for _, f := range forbidden {
		if t.Setting(f.setting) == f.value && (f.anywhere || !inFlake) && f.re.MatchString(e.Message) {
			e.Setting, e.Value = f.setting, f.value
		}
	}
	if strings.Contains(e.Message, "max-call-depth exceeded") {
		e.Value = t.Setting("max-call-depth")
		depth, err := strconv.Atoi(e.Value)
		if e.Sudden = !inFlake; err == nil && depth < usualDepth && !inFlake {
			e.Setting = "max-call-depth"
		}
	}
	if e.Setting == "abort-on-warn" && warned != "" {
		e.Message += "\n" + warned
	}
}
