package reports

import (
	"github.com/flakeci/flakeci/result"
)

// htmlCause is why cells did not pass.
type htmlCause struct {
	Number            int
	Sign, Tone, Title string
	Kind              string
	Tags              []htmlTag
	Message, Hint     string
	Place, PlaceHref  string
	Tail              string
	Log               *htmlFile
	Drv               string
	Cells             []htmlLink
	Open              bool
}

// openCauses is how many causes are unfolded.
const openCauses = 5

func (m *htmlMaker) causes() []htmlCause {
	var list []htmlCause
	for i, c := range m.why {
		one := m.cause(c)
		one.Number, one.Open = i, i < openCauses
		list = append(list, one)
	}
	return list
}

func (m *htmlMaker) cause(c result.Cause) htmlCause {
	one := htmlCause{
		Sign: signFailed, Tone: "bad", Title: Headline(c), Kind: string(c.Kind), Message: details(c), Hint: c.Hint, Tail: c.LogTail,
		Log: m.evidence.file(c.Log, c.Title), Drv: c.DrvPath, Tags: outcomeTags(m.index.outcome(c)),
	}
	if since := m.index.since(c); since != "" {
		one.Tags = append(one.Tags, htmlTag{since, "warn"})
	}
	if m.index.isMachine(c) {
		one.Sign, one.Tone = signError, "warn"
	}
	if c.Location != nil && c.Location.File != "" {
		one.Place, one.PlaceHref = c.Location.String(), sourceURL(m.options.SourceURL, *c.Location)
	}
	one.Cells = m.links(c.Cells)
	return one
}
