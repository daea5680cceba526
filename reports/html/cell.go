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

// cell is all that is known of a cell.
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
	Message                    string
}

func (m *maker) cell(number int, c result.Cell) cell {
	k := m.marker.Full(c)
	one := cell{
		Number: number, ID: c.ID, Sign: k.Sign, Tone: toneClass(k.Tone), Outcome: means(c), Note: c.Note,
		Facts: cellFacts(c), Base: m.baseFacts(c), Tags: tagsOf(c),
	}
	began := view.StartOf(m.report)
	for _, p := range c.Phases {
		one.Phases = append(one.Phases, newPhase(p, began))
		for _, path := range append([]string{p.Log}, p.Files...) {
			if f := m.evidence.file(path, c.ID+" "+p.Name.String()); f != nil && !slices.Contains(one.Files, *f) {
				one.Files = append(one.Files, *f)
			}
		}
	}
	for _, i := range m.stopping[c.ID] {
		one.Causes = append(one.Causes, link{i, view.Headline(m.why[i])})
	}
	return one
}

func newPhase(p result.Phase, began time.Time) phase {
	k := view.Labeler{}.Full(result.Cell{Status: p.Status, Phases: []result.Phase{p}})
	one := phase{
		Name: cmp.Or(p.Name.String(), "(no name)"), Sign: k.Sign, Tone: toneClass(k.Tone), Status: cmp.Or(string(p.Status), "no result"),
		Took: view.Seconds(p.Duration), Message: p.Message,
	}
	if !p.Started.IsZero() {
		one.Started = "+" + view.Seconds(p.Started.Sub(began).Seconds())
	}
	if p.MaxRSS > 0 {
		one.Memory = view.Bytes(p.MaxRSS)
	}
	if p.Attempts > 1 {
		one.Try = strconv.Itoa(p.Attempts) + " attempts"
	}
	return one
}

// cellFacts are where a cell comes from and what it became.
func cellFacts(c result.Cell) []fact {
	var facts []fact
	for _, f := range []fact{
		{Name: "system", Text: c.System}, {Name: "how", Text: string(c.How)},
		{Name: "same as", Text: c.SameAs}, {Name: "part of", Text: c.PartOf},
		{Name: "attribute", Text: c.Attr, Code: true}, {Name: "derivation", Text: c.DrvPath, Code: true},
	} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// baseFacts are how a cell compares with the base.
func (m *maker) baseFacts(c result.Cell) []fact {
	if c.Base == nil {
		return nil
	}
	b := c.Base
	facts := []fact{{Name: "change", Text: cmp.Or(string(b.Change), string(result.CellUnknown))}}
	add := func(name, text string, code bool) {
		if text != "" {
			facts = append(facts, fact{Name: name, Text: text, Code: code})
		}
	}
	add("outcome", strings.ReplaceAll(string(b.Outcome), "-", " "), false)
	add("at the base", strings.ReplaceAll(string(b.Status), "-", " "), false)
	if b.DrvPath != c.DrvPath {
		add("derivation there", b.DrvPath, true)
	}
	add("note", b.Note, false)
	if b.Closure != nil {
		add("closure", closureText(b.Closure), false)
	}
	return facts
}

// closureText sum a difference up.
func closureText(c *result.Closure) string {
	if c.Unknown != "" {
		return "not known: " + c.Unknown
	}
	return fmt.Sprintf("%s, %s → %s (%s)", view.Count(len(c.Packages), "package"), view.Bytes(c.Before), view.Bytes(c.After), view.BytesDelta(c.After-c.Before))
}
