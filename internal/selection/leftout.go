package selection

import (
	"slices"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Pattern is a pattern that matches nothing.
type Pattern struct {
	Flag, Text string
	Index      int    // among the values of the flag
	Near       string // what was probably meant, or ""
}

// Unmatched lists the patterns that match neither a cell of the flake nor one of the ids seen.
// Unsure lists prefixes of ids that may or may not exist.
func (s *Flags) Unmatched(m matrix.Matrix, seen, unsure []string) []Pattern {
	var ids []string
	for _, c := range m.Cells {
		ids = append(ids, c.ID)
	}
	var list []Pattern
	for _, flag := range []flagValues{{"cell", &s.Cells}, {"exclude", &s.Exclude}} {
		for _, pattern := range m.Unmatched(*flag.values) {
			g, _ := matrix.ParseGlob(pattern)
			if slices.ContainsFunc(seen, g.Match) || slices.ContainsFunc(unsure, g.MayMatchPrefix) {
				continue
			}
			list = append(list, Pattern{flag.flag, pattern, slices.Index(*flag.values, pattern), matrix.Suggest(pattern, slices.Concat(ids, seen))})
		}
	}
	return list
}

// LeftOut counts the cells of the flake that a selection leaves out. Those that flakeci.toml
// leaves out come first, because a pull request may have changed it. All is complete if kinds
// other than hosts and homes are among them.
func (s *Flags) LeftOut(all matrix.Matrix, sel matrix.Selection, complete bool) []result.NotTested {
	var byFile, byFlag []result.NotTested
	sel.Job = nil // what a shard leaves out is in another one
	for _, l := range all.LeftOut(sel) {
		n := result.NotTested{Kind: l.Kind, Count: len(l.Cells), Why: "left out by " + s.Origin.Name(l.Filter)}
		switch {
		case l.Filter == "kind" && len(s.Kinds) == 0:
			n.Why = "--kind all"
			byFlag = append(byFlag, n)
		case s.Origin.InFile(l.Filter):
			byFile = append(byFile, n)
		default:
			byFlag = append(byFlag, n)
		}
	}
	if !complete {
		for _, kind := range otherKinds() {
			byFlag = append(byFlag, result.NotTested{Kind: kind, Why: "if there are any; --kind all"})
		}
	}
	return slices.Concat(byFile, byFlag)
}
