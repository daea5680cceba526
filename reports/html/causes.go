package html

import (
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// cause is a cause on the page.
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

// openCauses is how many causes are shown unfolded.
const openCauses = 5

// causes makes the list of causes.
func (b *builder) causes() []cause {
	var list []cause
	for i, c := range b.causeList {
		one := b.cause(c)
		one.Number, one.Open = i, i < openCauses
		list = append(list, one)
	}
	return list
}

// cause makes one cause.
func (b *builder) cause(c result.Cause) cause {
	one := cause{
		Sign: view.SignFailed, Tone: "bad", Title: view.Headline(c), Kind: string(c.Kind), Message: view.Details(c), Hint: c.Hint, Tail: c.LogTail,
		Log: b.evidence.file(c.Log, c.Title), Drv: c.DrvPath, Tags: outcomeTags(b.index.Outcome(c)),
	}
	if since := view.SinceText(c.Since); since != "" {
		one.Tags = append(one.Tags, tag{since, "warn"})
	}
	if b.index.BlamesMachine(c) {
		one.Sign, one.Tone = view.SignError, "warn"
	}
	one.Place, one.PlaceHref = b.place(c.Location)
	one.Cells = b.links(c.Cells)
	return one
}
