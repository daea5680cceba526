package html

import (
	"strings"

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
	Excerpt           []sourceLine
	Tail              string
	Trace             string // what Tail is, if it is to be folded
	Log               *file
	Drv               string
	Cells             []link
	Open              bool
}

// sourceLine is a line of the source around the place of a cause.
type sourceLine struct {
	Text string
	Here bool // the place's own line
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
	source, at := view.Excerpt(c, 0)
	for i, text := range source {
		one.Excerpt = append(one.Excerpt, sourceLine{text, i == at})
	}
	if view.Traced(c) && one.Tail != "" {
		one.Trace = "trace, " + view.Count(strings.Count(one.Tail, "\n")+1, "line")
	}
	one.Cells = b.links(c.Cells)
	return one
}
