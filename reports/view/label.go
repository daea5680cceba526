package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
)

// Tone is the meaning of a piece of text, which a form may show as a color.
type Tone int

// The tones of text.
const (
	Plain Tone = iota
	Strong
	Good
	Warn
	Bad
	Quiet
)

// SGR returns the number of the terminal color, or "" for none.
func (t Tone) SGR() string {
	return map[Tone]string{Strong: "1", Good: "32", Warn: "33", Bad: "31", Quiet: "2"}[t]
}

// Label is what the grid shows for a cell: a sign and a word or two.
type Label struct {
	Sign string
	Text string
	Tone Tone
}

// The signs, each one column wide in every terminal. Emoji are not: nearly every program
// counts those with a variation selector differently.
const (
	SignPassed  = "✔"
	SignFailed  = "✘"
	SignError   = "!"
	SignSame    = "="
	SignPartial = "~"
	SignSkipped = "-"
	SignThere   = "•"
	SignNone    = "·"
)

// String returns the label as text.
func (l Label) String() string { return strings.TrimSpace(l.Sign + " " + l.Text) }

// Labeler makes the labels of one report.
type Labeler struct {
	Index  CauseIndex
	Detail Detail
}

// Detail is how much a label says. A grid that would be too wide says less, and has a legend
// below it.
type Detail int

// The levels of detail: everything, the most important word, signs alone.
const (
	DetailFull Detail = iota
	DetailBrief
	DetailSigns
)

// Place labels a place in the grid, which may hold any number of cells.
func (l Labeler) Place(cells []result.CellResult) Label {
	if len(cells) == 0 {
		return Label{Sign: SignNone, Tone: Quiet}
	}
	return l.Cell(worst(cells))
}

// untested labels a cell that the run left out.
func (l Labeler) untested() Label {
	label := Label{SignSkipped, "not tested", Quiet}
	if l.Detail != DetailFull {
		label.Text = ""
	}
	return label
}

// Cell labels one cell in the labeler's detail.
func (l Labeler) Cell(c result.CellResult) Label {
	label := l.Full(c)
	switch l.Detail {
	case DetailFull:
		outcome := map[result.Outcome]string{result.NewFailure: "new", result.AlreadyBroken: "already broken", result.Fixed: "fixed"}[c.Outcome()]
		label.Text += WithPrefix(", ", outcome)
	case DetailBrief:
		label.Text = l.brief(c, label)
		if c.Outcome() == result.NewFailure {
			label.Text = strings.TrimPrefix(label.Text+", new", ", ")
		}
	case DetailSigns:
		label.Text = ""
	}
	return label
}

// Full labels one cell in full, apart from its outcome.
func (l Labeler) Full(c result.CellResult) Label {
	switch c.Status {
	case "":
		return Label{Sign: SignThere}
	case result.Passed:
		return l.passed(c)
	case result.Failed:
		return Label{SignFailed, l.failure(c), Bad}
	case result.DependencyFailed:
		return Label{SignFailed, l.blockedBy(c), Bad}
	case result.TimedOut:
		return Label{SignFailed, "timed out", Bad}
	case result.Canceled:
		return Label{SignSkipped, "canceled", Warn}
	case result.Skipped:
		if c.Removed() {
			return Label{SignSkipped, "removed", Quiet}
		}
		return Label{SignSkipped, "skipped", Quiet}
	}
	return Label{SignError, "error", Warn}
}

func (l Labeler) passed(c result.CellResult) Label {
	took := FormatSeconds(c.TotalSeconds())
	switch {
	case c.Flaky:
		return Label{SignPassed, took + " flaky", Warn}
	case c.PassedAt(result.PhaseBoot):
		return Label{SignPassed, took, Good} // each machine boots by itself, even if another has the same derivation
	case c.PassedAt(result.PhaseActivate):
		return Label{SignPassed, "activated", Good}
	case c.SameAs != "":
		return Label{SignSame, "same" + WithPrefix(" as ", Fit(l.sameAs(c), 24)), Quiet}
	case c.How == result.Cached && c.Base != nil && c.Base.Change == result.CellUnchanged:
		return Label{SignSame, string(result.Unchanged), Quiet}
	case c.How == result.Cached, c.How == result.Unchanged:
		return Label{SignSame, string(c.How), Quiet}
	case c.How == result.Evaluated:
		return Label{SignPartial, "evaluated", Quiet}
	case c.TotalSeconds() == 0:
		return Label{SignPassed, string(cmp.Or(c.How, result.Built)), Good}
	}
	return Label{SignPassed, took, Good}
}

// sameAs names the cell with the same derivation: by its row if both are in one column, by
// its column if both are in one row, else not at all.
func (l Labeler) sameAs(c result.CellResult) string {
	other, found := l.Index.cells[c.SameAs]
	switch {
	case !found || !InGrid(c) || !InGrid(other), c.Host == other.Host && c.User == other.User && c.Kind == other.Kind:
		return ""
	case c.User == other.User && c.Kind == other.Kind:
		return other.Host
	case c.Host == other.Host && other.Kind == result.KindHome:
		return other.User
	case c.Host == other.Host && other.Kind != result.KindVM:
		return "system"
	}
	return ""
}

// failure says in a word or two where a cell failed.
func (l Labeler) failure(c result.CellResult) string {
	for _, cause := range l.Index.Causes[c.ID] {
		rest, isUnit := strings.CutPrefix(cause.Title, "unit ")
		unit, _, _ := strings.Cut(rest, " ")
		if cause.Kind == result.CauseUnit && isUnit && unit != "" {
			return "unit " + Fit(strings.TrimSuffix(unit, ".service"), 20)
		}
	}
	return Fit(cmp.Or(strings.Replace(c.FailedPhase().String(), "check: ", "check ", 1), "failed"), 24)
}

// blockedBy names the dependency that kept a cell from being built.
func (l Labeler) blockedBy(c result.CellResult) string {
	causes := l.Index.Causes[c.ID]
	if len(causes) == 0 {
		return l.failure(c)
	}
	name := storepath.Name(causes[0].DrvPath)
	if name == "" {
		return l.failure(c)
	}
	text := "needs " + Fit(name, 24)
	if more := len(causes) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// brief returns the text of a brief label.
func (l Labeler) brief(c result.CellResult, label Label) string {
	switch {
	case c.Status == result.DependencyFailed, c.Status == result.Failed:
		return string(c.FailedPhase().Kind)
	case label.Sign == SignPassed && !c.Flaky, c.Status == result.TimedOut:
		return label.Text
	}
	return ""
}

// worst returns the most severe of several cells.
func worst(cells []result.CellResult) result.CellResult {
	return slices.MaxFunc(cells, func(a, b result.CellResult) int {
		return cmp.Compare(a.Status.Severity(), b.Status.Severity())
	})
}
