package html

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// cell is everything known about a cell.
type cell struct {
	Number                  int
	ID, Sign, Tone, Outcome string
	Tags                    []tag
	Note                    string
	Phases                  []phase
	Causes                  []link
	Facts                   []fact
	Base                    []fact
	Files                   []file
}

// phase is one step of a cell.
type phase struct {
	Name, Sign, Tone, Status   string
	Started, Took, Memory, Try string
	On                         string
	Message                    string
}

// cell makes the details of a cell.
func (b *builder) cell(number int, c result.CellResult) cell {
	label := b.labeler.Full(c)
	one := cell{
		Number: number, ID: c.ID, Sign: label.Sign, Tone: toneClass(label.Tone), Outcome: meaning(c), Note: c.Note,
		Facts: cellFacts(c), Base: baseFacts(c), Tags: tagsOf(c),
	}
	for _, p := range c.Phases {
		one.Phases = append(one.Phases, newPhase(p, b.began))
		for _, path := range append([]string{p.Log}, p.Files...) {
			if f := b.evidence.file(path, c.ID+" "+p.Name.String()); f != nil && !slices.Contains(one.Files, *f) {
				one.Files = append(one.Files, *f)
			}
		}
	}
	for _, i := range b.causesOf[c.ID] {
		one.Causes = append(one.Causes, link{i, view.Headline(b.causeList[i])})
	}
	return one
}

// newPhase makes a phase of a run that began at a time.
func newPhase(p result.Phase, began time.Time) phase {
	label := view.Labeler{}.Full(result.CellResult{Status: p.Status, Phases: []result.Phase{p}})
	one := phase{
		Name: cmp.Or(p.Name.String(), "(no name)"), Sign: label.Sign, Tone: toneClass(label.Tone), Status: cmp.Or(string(p.Status), "no result"),
		Took: view.FormatSeconds(p.Duration), Message: p.Message,
	}
	if !p.Started.IsZero() {
		one.Started = "+" + view.FormatSeconds(p.Started.Sub(began).Seconds())
	}
	if p.MaxRSS > 0 {
		one.Memory = view.FormatBytes(p.MaxRSS)
	}
	if p.Attempts > 1 {
		one.Try = strconv.Itoa(p.Attempts) + " attempts"
	}
	if on := view.BuiltOn(p); on != "" {
		one.On = "on " + on
	}
	return one
}

// cellFacts returns where a cell comes from and what it was built into.
func cellFacts(c result.CellResult) []fact {
	var facts []fact
	for _, f := range []fact{
		{Name: "system", Text: c.System}, {Name: "how", Text: string(c.How)},
		{Name: "same as", Text: c.SameAs}, {Name: "part of", Text: c.PartOf}, {Name: "machine", Text: c.Machine},
		{Name: "attribute", Text: c.Attr, Code: true}, {Name: "derivation", Text: c.DrvPath, Code: true},
	} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// baseFacts compares a cell with the base.
func baseFacts(c result.CellResult) []fact {
	if c.Base == nil {
		return nil
	}
	base := c.Base
	facts := []fact{{Name: "change", Text: cmp.Or(string(base.Change), string(result.CellUnknown))}}
	add := func(name, text string, code bool) {
		if text != "" {
			facts = append(facts, fact{Name: name, Text: text, Code: code})
		}
	}
	add("outcome", strings.ReplaceAll(string(base.Outcome), "-", " "), false)
	add("at the base", strings.ReplaceAll(string(base.Status), "-", " "), false)
	if base.DrvPath != c.DrvPath {
		add("derivation there", base.DrvPath, true)
	}
	add("note", base.Note, false)
	if base.Closure != nil {
		add("closure", closureText(base.Closure), false)
	}
	return facts
}

// closureText sums up the difference of a closure.
func closureText(c *result.ClosureDiff) string {
	if c.Unknown != "" {
		return "unknown: " + c.Unknown
	}
	return fmt.Sprintf("%s, %s → %s (%s)", view.Count(len(c.Packages), "package"), view.FormatBytes(c.Before), view.FormatBytes(c.After), view.FormatBytesDelta(c.After-c.Before))
}
