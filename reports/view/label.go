package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Tone is what a piece of text means; colour is one way to show it.
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

// SGR is the number of the colour that a terminal knows; it is empty for none.
func (t Tone) SGR() string {
	return map[Tone]string{Strong: "1", Good: "32", Warn: "33", Bad: "31", Quiet: "2"}[t]
}

// Label is what the grid shows of a cell: a sign, and a word or two.
type Label struct {
	Sign string
	Text string
	Tone Tone
}

// The signs are one column wide in every terminal. Emoji are not: those with a
// variation selector are counted differently by nearly every program.
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

func (m Label) String() string {
	return strings.TrimSpace(m.Sign + " " + m.Text)
}

// Labeler makes the marks of one report.
type Labeler struct {
	Index  Index
	Detail Detail
}

// Detail is how much a mark says. A grid that is too wide says less, with a
// legend below it.
type Detail int

const (
	DetailFull Detail = iota
	DetailBrief
	DetailSigns
)

// Place marks a place of the grid, in which any number of cells may stand.
func (k Labeler) Place(cells []result.Cell) Label {
	if len(cells) == 0 {
		return Label{Sign: SignNone, Tone: Quiet}
	}
	return k.Cell(worst(cells))
}

// Cell marks one cell.
func (k Labeler) Cell(c result.Cell) Label {
	m := k.Full(c)
	switch k.Detail {
	case DetailFull:
		outcome := map[result.Outcome]string{result.NewFailure: "new", result.AlreadyBroken: "still failing", result.Fixed: "fixed"}[c.Outcome()]
		m.Text += Prefix(", ", outcome)
	case DetailBrief:
		m.Text = k.brief(c, m)
		if c.Outcome() == result.NewFailure {
			m.Text = strings.TrimPrefix(m.Text+", new", ", ")
		}
	case DetailSigns:
		m.Text = ""
	}
	return m
}

func (k Labeler) Full(c result.Cell) Label {
	switch c.Status {
	case "":
		return Label{Sign: SignThere}
	case result.Passed:
		return k.passed(c)
	case result.Failed:
		return Label{SignFailed, k.failure(c), Bad}
	case result.DependencyFailed:
		return Label{SignFailed, k.blockedBy(c), Bad}
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

func (k Labeler) passed(c result.Cell) Label {
	took := Seconds(c.TotalSeconds())
	switch {
	case c.Flaky:
		return Label{SignPassed, took + " flaky", Warn}
	case c.PassedAt(result.PhaseBoot):
		return Label{SignPassed, took, Good} // machines boot each by itself, whatever they are built of
	case c.PassedAt(result.PhaseActivate):
		return Label{SignPassed, "activated", Good}
	case c.SameAs != "":
		return Label{SignSame, "same" + Prefix(" as ", Fit(k.sameAs(c), 24)), Quiet}
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

// sameAs names the other cell by its row if they stand in one column, by its
// column if in one row. Of any other, the grid says only that it is there.
func (k Labeler) sameAs(c result.Cell) string {
	other, found := k.Index.cells[c.SameAs]
	switch {
	case !found || !InGrid(c) || !InGrid(other):
		return ""
	case c.User == other.User && c.Kind == other.Kind:
		return other.Host
	case c.Host == other.Host && other.Kind == "home":
		return other.User
	case c.Host == other.Host && other.Kind != "vm":
		return "system"
	}
	return ""
}

// failure says in a word or two at what a cell failed.
func (k Labeler) failure(c result.Cell) string {
	for _, cause := range k.Index.Causes[c.ID] {
		rest, isUnit := strings.CutPrefix(cause.Title, "unit ")
		unit, _, _ := strings.Cut(rest, " ")
		if cause.Kind == result.CauseUnit && isUnit && unit != "" {
			return "unit " + Fit(strings.TrimSuffix(unit, ".service"), 20)
		}
	}
	return Fit(cmp.Or(strings.Replace(c.FailedPhase().String(), "check: ", "check ", 1), "failed"), 24)
}

// blockedBy names what a cell could not be built for.
func (k Labeler) blockedBy(c result.Cell) string {
	causes := k.Index.Causes[c.ID]
	if len(causes) == 0 {
		return k.failure(c)
	}
	name := derivationName(causes[0].DrvPath)
	if name == "" {
		return k.failure(c)
	}
	text := "needs " + Fit(name, 24)
	if more := len(causes) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// brief is the text of a mark in brief.
func (k Labeler) brief(c result.Cell, m Label) string {
	switch {
	case c.Status == result.DependencyFailed, c.Status == result.Failed:
		return string(c.FailedPhase().Kind)
	case m.Sign == SignPassed && !c.Flaky, c.Status == result.TimedOut:
		return m.Text
	}
	return ""
}

// worst returns the cell that says most about a place of several.
func worst(cells []result.Cell) result.Cell {
	return slices.MaxFunc(cells, func(a, b result.Cell) int {
		return cmp.Compare(a.Status.Severity(), b.Status.Severity())
	})
}
