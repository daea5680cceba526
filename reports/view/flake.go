package view

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// shortRev shortens a revision to seven characters, as git does.
func shortRev(rev string) string {
	runes := []rune(rev)
	return string(runes[:min(7, len(runes))])
}

// Revision returns what follows the name of a flake: its short revision, and whether it has
// uncommitted changes.
func Revision(f result.Flake) string {
	text := WithPrefix("  rev ", shortRev(f.Rev))
	if f.Dirty {
		text += " (dirty)"
	}
	return text
}

// BaseName returns a short name for the base.
func BaseName(b *result.Base) string {
	name := cmp.Or(b.Ref, b.Rev, "the base")
	if len(name) == 40 && strings.Trim(name, "0123456789abcdef") == "" {
		return shortRev(name)
	}
	return Fit(name, 40)
}

// NotCompared says why a run was not compared with its base: the base is missing.
func NotCompared(b *result.Base) string {
	return "not compared with " + BaseName(b) + ": " + b.Missing
}

// BaseText returns the name of the base, with its revision and how that was found if they
// say more than the name.
func BaseText(b *result.Base) string {
	rev := shortRev(b.Rev)
	if strings.HasPrefix(BaseName(b), rev) {
		rev = ""
	}
	if rev != "" && b.Note != "" {
		rev += ", "
	}
	return BaseName(b) + InParentheses(rev+b.Note)
}
