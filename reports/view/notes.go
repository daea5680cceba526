package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Note is a remark on some cells.
type Note struct {
	Text  string
	Cells []string // ids
}

// addNote adds a cell to the note with this text.
func addNote(list []Note, text, id string) []Note {
	i := slices.IndexFunc(list, func(n Note) bool { return n.Text == text })
	if i < 0 {
		i = len(list)
		list = append(list, Note{Text: text})
	}
	list[i].Cells = append(list[i].Cells, id)
	return list
}

// Notes returns the notes on cells, each text once.
func Notes(cells []result.CellResult, l Labeler) []Note {
	var list []Note
	for _, c := range cells {
		if text := noteOn(c, l); text != "" {
			list = addNote(list, text, c.ID)
		}
	}
	return list
}

// Notable divides rows into those with anything to look at in one of the columns, and the others.
func (l Labeler) Notable(rows []Row, columns []Column) (notable, quiet []Row) {
	worth := func(c result.CellResult) bool {
		tone := l.Cell(c).Tone
		return tone == Bad || tone == Warn || c.Status == "" || c.Outcome() == result.Fixed
	}
	for _, r := range rows {
		if slices.ContainsFunc(columns, func(c Column) bool { return slices.ContainsFunc(c.Cells(r), worth) }) {
			notable = append(notable, r)
		} else {
			quiet = append(quiet, r)
		}
	}
	return notable, quiet
}

// noteOn returns what the grid does not say about a cell.
func noteOn(c result.CellResult, l Labeler) string {
	why := InParentheses(Reason(c))
	switch {
	case c.Status == result.Passed && c.Flaky:
		return SignPassed + " flaky, passed only after a retry" + why
	case c.Status == result.Passed && c.How == result.Evaluated:
		return SignPartial + " only evaluated" + why
	case c.Removed():
		return "" // the changes say so
	case c.Status == result.Skipped:
		return SignSkipped + " skipped" + why
	case c.Kind == result.KindVM && c.Note != "":
		return "vm: " + c.Note
	case c.Status == result.Canceled && c.Note != "":
		return SignSkipped + " canceled" + why
	case c.Status == result.Passed && c.Note != "":
		return SignSame + " " + c.Note
	case c.Status == result.Passed && c.SameAs != "" && l.sameAs(c) == "":
		return SignSame + " same as " + c.SameAs
	case c.Status.NeedsAttention() && !InGrid(c):
		return l.Cell(c).String() + why
	}
	return ""
}

// Reason returns a cell's note without a prefix that repeats the status.
func Reason(c result.CellResult) string {
	for _, prefix := range []string{"only evaluated: ", "skipped: "} {
		if rest, found := strings.CutPrefix(c.Note, prefix); found {
			return rest
		}
	}
	return c.Note
}

// Untested lists the systems that have a place in the grid although they were left out.
func (l *Layout) Untested() (ids []string) {
	for _, row := range l.Rows {
		if len(row.System) == 0 && row.Untested != "" {
			ids = append(ids, row.Untested)
		}
	}
	return ids
}

// UntestedWhy says what would test them.
const UntestedWhy = "--kind all"

// SlowBoots says how machines were booted without hardware virtualization, and why.
func SlowBoots(cells []result.CellResult) []string {
	var hows []string
	for _, c := range cells {
		for _, phase := range c.Phases {
			// The message of a machine that failed begins with what went wrong.
			_, why, found := strings.Cut("; "+phase.Message, "; with tcg")
			if how := "with tcg" + why; c.Kind == result.KindVM && found && !slices.Contains(hows, how) {
				hows = append(hows, how)
			}
		}
	}
	return hows
}

// NotTestedText says in one line what the run left out, grouped by reason. It is empty if
// the run tested everything.
func NotTestedText(r result.Report) string {
	var whys []string
	left := map[string][]string{}
	for _, n := range r.NotTested {
		if left[n.Why] == nil {
			whys = append(whys, n.Why)
		}
		left[n.Why] = append(left[n.Why], leftOutText(n))
	}
	for i, why := range whys {
		whys[i] = strings.Join(left[why], ", ") + InParentheses(why)
	}
	return strings.Join(whys, "; ")
}

// leftOutText says how many of a kind were left out.
func leftOutText(n result.NotTested) string {
	noun := cmp.Or(map[result.Kind]string{result.KindDevShell: "dev shell"}[n.Kind], string(n.Kind))
	countable := slices.Contains(result.Kinds(), n.Kind) && !n.Kind.IsHost()
	switch {
	case n.Count <= 0 && countable:
		return noun + "s"
	case n.Count <= 0:
		return noun
	case countable:
		return Count(n.Count, noun)
	}
	return joinCounts(count{n.Count, noun}) // "2 nixos" names hosts by their kind
}
