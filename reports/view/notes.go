package view

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Note is what is said of some cells.
type Note struct {
	Text  string
	Cells []string
}

// addNote adds a cell to those of which the same is said.
func addNote(list []Note, words, id string) []Note {
	i := slices.IndexFunc(list, func(t Note) bool { return t.Text == words })
	if i < 0 {
		i = len(list)
		list = append(list, Note{Text: words})
	}
	list[i].Cells = append(list[i].Cells, id)
	return list
}

// Notes are those of all cells, once each.
func Notes(cells []result.Cell, k Labeler) []Note {
	var list []Note
	for _, c := range cells {
		if words := noteOn(c, k); words != "" {
			list = addNote(list, words, c.ID)
		}
	}
	return list
}

// noteOn is what is to be said of a cell, the same words for all cells of which
// the same is to be said.
func noteOn(c result.Cell, k Labeler) string {
	why := Prefix(" (", Reason(c))
	if why != "" {
		why += ")"
	}
	switch {
	case c.Status == result.Passed && c.Flaky:
		return SignPassed + " flaky, passed only after a retry" + why
	case c.Status == result.Passed && c.How == result.Evaluated:
		return SignPartial + " only evaluated" + why
	case c.Removed():
		return "" // the changes say so
	case c.Status == result.Skipped:
		return SignSkipped + " skipped" + why
	case c.Kind == "vm" && c.Note != "":
		return "vm: " + c.Note
	case c.Status == result.Canceled && c.Note != "":
		return SignSkipped + " canceled" + why
	case c.Status == result.Passed && c.Note != "":
		return SignSame + " " + c.Note
	case c.Status == result.Passed && c.SameAs != "" && k.sameAs(c) == "":
		return SignSame + " same as " + c.SameAs
	case c.Status.NeedsAttention() && !InGrid(c):
		return k.Cell(c).String() + why
	}
	return ""
}

// Reason is a cell's note without the word that says the same as its status.
func Reason(c result.Cell) string {
	for _, word := range []string{"only evaluated: ", "skipped: "} {
		if rest, found := strings.CutPrefix(c.Note, word); found {
			return rest
		}
	}
	return c.Note
}
