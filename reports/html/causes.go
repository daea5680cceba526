package html

import (
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// cause is why cells did not pass.
type cause struct {
	Number            int
	Sign, Tone, Title string
	Kind              string
	Tags              []tag
	Message, Hint     string
	Place, PlaceHref  string
	Tail              string
	Log               *file
	Drv               string
	Cells             []link
	Open              bool
}

// openCauses is how many causes are unfolded.
const openCauses = 5

func (m *maker) causes() []cause {
	var list []cause
	for i, c := range m.why {
		one := m.cause(c)
		one.Number, one.Open = i, i < openCauses
		list = append(list, one)
	}
	return list
}

func (m *maker) cause(c result.Cause) cause {
	one := cause{
		Sign: view.SignFailed, Tone: "bad", Title: view.Headline(c), Kind: string(c.Kind), Message: view.Details(c), Hint: c.Hint, Tail: c.LogTail,
		Log: m.evidence.file(c.Log, c.Title), Drv: c.DrvPath, Tags: outcomeTags(m.index.Outcome(c)),
	}
	if since := m.index.Since(c); since != "" {
		one.Tags = append(one.Tags, tag{since, "warn"})
	}
	if m.index.BlamesMachine(c) {
		one.Sign, one.Tone = view.SignError, "warn"
	}
	if c.Location != nil && c.Location.File != "" {
		one.Place, one.PlaceHref = c.Location.String(), view.SourceURL(m.options.SourceURL, *c.Location)
	}
	one.Cells = m.links(c.Cells)
	return one
}
