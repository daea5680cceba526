package reports

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// told is what is said of some cells.
type told struct {
	words string
	cells []string
}

// tell adds a cell to those of which the same is said.
func tell(list []told, words, id string) []told {
	i := slices.IndexFunc(list, func(t told) bool { return t.words == words })
	if i < 0 {
		i = len(list)
		list = append(list, told{words: words})
	}
	list[i].cells = append(list[i].cells, id)
	return list
}

// remarks are those of all cells, once each.
func remarks(cells []result.Cell, k marker) []told {
	var list []told
	for _, c := range cells {
		if words := remark(c, k); words != "" {
			list = tell(list, words, c.ID)
		}
	}
	return list
}

// remark is what is to be said of a cell, the same words for all cells of which
// the same is to be said.
func remark(c result.Cell, k marker) string {
	why := after(" (", noteText(c))
	if why != "" {
		why += ")"
	}
	switch {
	case c.Status == result.Passed && c.Flaky:
		return signPassed + " flaky, passed only after a retry" + why
	case c.Status == result.Passed && c.How == result.Evaluated:
		return signPartial + " only evaluated" + why
	case c.Removed():
		return "" // the changes say so
	case c.Status == result.Skipped:
		return signSkipped + " skipped" + why
	case c.Kind == "vm" && c.Note != "":
		return "vm: " + c.Note
	case c.Status == result.Canceled && c.Note != "":
		return signSkipped + " canceled" + why
	case c.Status == result.Passed && c.Note != "":
		return signSame + " " + c.Note
	case c.Status == result.Passed && c.SameAs != "" && k.sameAs(c) == "":
		return signSame + " same as " + c.SameAs
	case c.Status.NeedsAttention() && !inGrid(c):
		return k.cell(c).String() + why
	}
	return ""
}

// noteText is a cell's note without the word that says the same as its status.
func noteText(c result.Cell) string {
	for _, word := range []string{"only evaluated: ", "skipped: "} {
		if rest, found := strings.CutPrefix(c.Note, word); found {
			return rest
		}
	}
	return c.Note
}
