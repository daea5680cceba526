package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// SlowBoots lists in what ways machines were booted other than with the processor
// itself, and why.
func SlowBoots(cells []result.Cell) []string {
	var hows []string
	for _, c := range cells {
		for _, phase := range c.Phases {
			// Of a machine that failed, what went wrong comes first.
			_, why, found := strings.Cut("; "+phase.Message, "; with tcg")
			if how := "with tcg" + why; c.Kind == "vm" && found && !slices.Contains(hows, how) {
				hows = append(hows, how)
			}
		}
	}
	return hows
}

// Revision names a git revision as git itself does in short.
func Revision(f result.Flake) string {
	text := ""
	if rev := []rune(f.Rev); len(rev) > 0 {
		text = "  rev " + string(rev[:min(7, len(rev))])
	}
	if f.Dirty {
		text += " (dirty)"
	}
	return text
}

// Inventory counts cells, with virtual machines apart.
func Inventory(cells []result.Cell) string {
	cells = slices.DeleteFunc(slices.Clone(cells), result.Cell.Removed)
	vms := 0
	for _, c := range cells {
		if c.Kind == "vm" {
			vms++
		}
	}
	switch {
	case vms == 0:
		return Count(len(cells), "cell")
	case vms == len(cells):
		return Count(vms, "vm")
	}
	return Count(len(cells)-vms, "cell") + ", " + Count(vms, "vm")
}

// BaseName is what a base is called within a sentence.
func BaseName(b *result.Base) string {
	name := cmp.Or(b.Ref, b.Rev, "the base")
	if len(name) == 40 && strings.Trim(name, "0123456789abcdef") == "" {
		return name[:7]
	}
	return Fit(name, 40)
}

// BaseLabel names a base as a person would: the reference, and the revision and how
// it was come by if that says more.
func BaseLabel(b *result.Base) string {
	rev := []rune(b.Rev)
	more := string(rev[:min(7, len(rev))])
	if strings.HasPrefix(BaseName(b), more) {
		more = ""
	}
	if more != "" && b.Note != "" {
		more += ", "
	}
	return BaseName(b) + Parenthesized(more+b.Note)
}
