package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// tone is what a piece of text means; colour is one way to show it.
type tone int

// The tones of text.
const (
	plain tone = iota
	strong
	good
	warn
	bad
	quiet
)

// sgr is the number of the colour that a terminal knows; it is empty for none.
func (t tone) sgr() string {
	return map[tone]string{strong: "1", good: "32", warn: "33", bad: "31", quiet: "2"}[t]
}

// mark is what the grid shows of a cell: a sign, and a word or two.
type mark struct {
	sign string
	text string
	tone tone
}

// The signs are one column wide in every terminal. Emoji are not: those with a
// variation selector are counted differently by nearly every program.
const (
	signPassed  = "✔"
	signFailed  = "✘"
	signError   = "!"
	signSame    = "="
	signPartial = "~"
	signSkipped = "-"
	signThere   = "•"
	signNone    = "·"
)

func (m mark) String() string {
	return strings.TrimSpace(m.sign + " " + m.text)
}

// marker makes the marks of one report.
type marker struct {
	index  index
	detail detail
}

// detail is how much a mark says. A grid that is too wide says less, with a
// legend below it.
type detail int

const (
	inFull detail = iota
	inBrief
	signsOnly
)

// place marks a place of the grid, in which any number of cells may stand.
func (k marker) place(cells []result.Cell) mark {
	if len(cells) == 0 {
		return mark{sign: signNone, tone: quiet}
	}
	return k.cell(worst(cells))
}

// cell marks one cell.
func (k marker) cell(c result.Cell) mark {
	m := k.full(c)
	switch k.detail {
	case inFull:
		outcome := map[result.Outcome]string{result.NewFailure: "new", result.AlreadyBroken: "still failing", result.Fixed: "fixed"}[c.Outcome()]
		m.text += after(", ", outcome)
	case inBrief:
		m.text = k.short(c, m)
		if c.Outcome() == result.NewFailure {
			m.text = strings.TrimPrefix(m.text+", new", ", ")
		}
	case signsOnly:
		m.text = ""
	}
	return m
}

func (k marker) full(c result.Cell) mark {
	switch c.Status {
	case "":
		return mark{sign: signThere}
	case result.Passed:
		return k.passed(c)
	case result.Failed:
		return mark{signFailed, k.why(c), bad}
	case result.DependencyFailed:
		return mark{signFailed, k.needs(c), bad}
	case result.TimedOut:
		return mark{signFailed, "timed out", bad}
	case result.Canceled:
		return mark{signSkipped, "canceled", warn}
	case result.Skipped:
		if c.Removed() {
			return mark{signSkipped, "removed", quiet}
		}
		return mark{signSkipped, "skipped", quiet}
	}
	return mark{signError, "error", warn}
}

func (k marker) passed(c result.Cell) mark {
	took := HumanSeconds(c.TotalSeconds())
	switch {
	case c.Flaky:
		return mark{signPassed, took + " flaky", warn}
	case c.PassedAt(result.PhaseBoot):
		return mark{signPassed, took, good} // machines boot each by itself, whatever they are built of
	case c.PassedAt(result.PhaseActivate):
		return mark{signPassed, "activated", good}
	case c.SameAs != "":
		return mark{signSame, "same" + after(" as ", fit(k.sameAs(c), 24)), quiet}
	case c.How == result.Cached && c.Base != nil && c.Base.Change == result.CellUnchanged:
		return mark{signSame, string(result.Unchanged), quiet}
	case c.How == result.Cached, c.How == result.Unchanged:
		return mark{signSame, string(c.How), quiet}
	case c.How == result.Evaluated:
		return mark{signPartial, "evaluated", quiet}
	case c.TotalSeconds() == 0:
		return mark{signPassed, string(cmp.Or(c.How, result.Built)), good}
	}
	return mark{signPassed, took, good}
}

// sameAs names the other cell by its row if they stand in one column, by its
// column if in one row. Of any other, the grid says only that it is there.
func (k marker) sameAs(c result.Cell) string {
	other, found := k.index.cells[c.SameAs]
	switch {
	case !found || !inGrid(c) || !inGrid(other):
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

// why says in a word or two at what a cell failed.
func (k marker) why(c result.Cell) string {
	for _, cause := range k.index.causes[c.ID] {
		rest, isUnit := strings.CutPrefix(cause.Title, "unit ")
		unit, _, _ := strings.Cut(rest, " ")
		if cause.Kind == result.CauseUnit && isUnit && unit != "" {
			return "unit " + fit(strings.TrimSuffix(unit, ".service"), 20)
		}
	}
	return fit(cmp.Or(strings.Replace(c.FailedPhase().String(), "check: ", "check ", 1), "failed"), 24)
}

// needs names what a cell could not be built for.
func (k marker) needs(c result.Cell) string {
	causes := k.index.causes[c.ID]
	if len(causes) == 0 {
		return k.why(c)
	}
	name := derivationName(causes[0].DrvPath)
	if name == "" {
		return k.why(c)
	}
	text := "needs " + fit(name, 24)
	if more := len(causes) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// short is the text of a mark in brief.
func (k marker) short(c result.Cell, m mark) string {
	switch {
	case c.Status == result.DependencyFailed, c.Status == result.Failed:
		return string(c.FailedPhase().Kind)
	case m.sign == signPassed && !c.Flaky, c.Status == result.TimedOut:
		return m.text
	}
	return ""
}

// worst returns the cell that says most about a place of several.
func worst(cells []result.Cell) result.Cell {
	return slices.MaxFunc(cells, func(a, b result.Cell) int {
		return cmp.Compare(a.Status.Severity(), b.Status.Severity())
	})
}
