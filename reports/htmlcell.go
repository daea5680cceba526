package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

// htmlCell is all that is known of a cell.
type htmlCell struct {
	Number                  int
	ID, Sign, Tone, Outcome string
	Tags                    []htmlTag
	Note                    string
	Phases                  []htmlPhase
	Causes                  []htmlLink
	Facts                   []htmlFact
	Base                    []htmlFact
	Files                   []htmlFile
}

// htmlPhase is one step of a cell.
type htmlPhase struct {
	Name, Sign, Tone, Status   string
	Started, Took, Memory, Try string
	Message                    string
}

func (m *htmlMaker) cell(number int, c result.Cell) htmlCell {
	k := m.marker.full(c)
	one := htmlCell{
		Number: number, ID: c.ID, Sign: k.sign, Tone: toneClass(k.tone), Outcome: means(c), Note: c.Note,
		Facts: cellFacts(c), Base: m.baseFacts(c), Tags: htmlTags(c),
	}
	began := beginning(m.report)
	for _, p := range c.Phases {
		one.Phases = append(one.Phases, newHTMLPhase(p, began))
		for _, path := range append([]string{p.Log}, p.Files...) {
			if f := m.evidence.file(path, c.ID+" "+p.Name.String()); f != nil && !slices.Contains(one.Files, *f) {
				one.Files = append(one.Files, *f)
			}
		}
	}
	for _, i := range m.stopping[c.ID] {
		one.Causes = append(one.Causes, htmlLink{i, Headline(m.why[i])})
	}
	return one
}

func newHTMLPhase(p result.Phase, began time.Time) htmlPhase {
	k := marker{}.full(result.Cell{Status: p.Status, Phases: []result.Phase{p}})
	one := htmlPhase{
		Name: cmp.Or(p.Name.String(), "(no name)"), Sign: k.sign, Tone: toneClass(k.tone), Status: cmp.Or(string(p.Status), "no result"),
		Took: HumanSeconds(p.Duration), Message: p.Message,
	}
	if !p.Started.IsZero() {
		one.Started = "+" + HumanSeconds(p.Started.Sub(began).Seconds())
	}
	if p.MaxRSS > 0 {
		one.Memory = humanBytes(p.MaxRSS)
	}
	if p.Attempts > 1 {
		one.Try = strconv.Itoa(p.Attempts) + " attempts"
	}
	return one
}

// cellFacts are where a cell comes from and what it became.
func cellFacts(c result.Cell) []htmlFact {
	var facts []htmlFact
	for _, f := range []htmlFact{
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
func (m *htmlMaker) baseFacts(c result.Cell) []htmlFact {
	if c.Base == nil {
		return nil
	}
	b := c.Base
	facts := []htmlFact{{Name: "change", Text: cmp.Or(string(b.Change), string(result.CellUnknown))}}
	add := func(name, text string, code bool) {
		if text != "" {
			facts = append(facts, htmlFact{Name: name, Text: text, Code: code})
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
	return fmt.Sprintf("%s, %s → %s (%s)", count(len(c.Packages), "package"), humanBytes(c.Before), humanBytes(c.After), humanDelta(c.After-c.Before))
}
