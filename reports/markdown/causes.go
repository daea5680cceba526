package markdown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// openLines is how many lines of a log are shown without folding.
const openLines = 3

// writeCauses appends the causes. Those that the base has too are folded.
func (d *document) writeCauses() {
	shown := d.causes[:min(len(d.causes), d.limits.causes)]
	old := slices.IndexFunc(shown, d.index.Old)
	if old < 0 {
		old = len(shown)
	}
	for _, c := range shown[:old] {
		d.cause(c)
	}
	if known := shown[old:]; len(known) > 0 {
		d.folded(fmt.Sprintf("❌ %s already broken at %s", view.Count(len(known), "cause"), proseHTML(view.BaseName(d.index.Base))), func() {
			for _, c := range known {
				d.cause(c)
			}
		})
	}
	if more := len(d.causes) - len(shown); more > 0 && len(shown) > 0 {
		d.block(fmt.Sprintf("… and %s", view.Count(more, "more cause")))
	} else if more > 0 {
		d.block(view.Count(more, "cause") + " left out for lack of room")
	}
}

// cause appends a cause: what happened, which cells it blocks, where it is, what Nix adds to
// that, what to do, and what the log says.
func (d *document) cause(c result.Cause) {
	sign := view.SignFailed
	if d.index.BlamesMachine(c) {
		sign = view.SignError
	}
	title := view.Headline(c)
	d.block("#### " + emoji(sign) + " " + prose(view.Fit(title, d.limits.title)))
	if facts := d.causeFacts(c, title); len(facts) > 0 {
		d.block(strings.Join(facts, " · "))
	}
	if source, _ := view.Excerpt(c, 0); len(source) > 0 && d.limits.excerpts {
		d.block(fenced("text", source)...)
	}
	if lines := d.message(c); len(lines) > 0 {
		d.block(fenced("text", lines)...)
	}
	if c.Hint != "" {
		d.block("**hint:** " + prose(view.Fit(c.Hint, d.limits.title)))
	}
	d.log(c)
	if len(c.Cells) > view.InlineCells && d.limits.cells > view.InlineCells {
		d.folded("the "+view.Count(len(c.Cells), "cell")+" that it blocks", func() { d.block(d.names(c.Cells)) })
	}
}

// causeFacts returns the line below the title of a cause.
func (d *document) causeFacts(c result.Cause, title string) []string {
	var facts []string
	if age := d.index.Age(c); age != "" {
		facts = append(facts, "**"+prose(age)+"**")
	}
	if blocks := view.BlocksText(c, title); blocks != "" {
		facts = append(facts, prose(view.Fit(blocks, d.limits.title)))
	}
	if c.Location != nil && c.Location.File != "" {
		facts = append(facts, d.location(*c.Location))
	}
	return facts
}

// location names a place in the flake, with a link to it if its address is known.
func (d *document) location(l result.Location) string {
	text := code(view.Fit(l.String(), d.limits.title))
	if address := view.SourceURL(d.options.SourceURL, l); address != "" && len(address) <= 4*d.limits.title {
		return "[" + text + "](" + address + ")"
	}
	return text
}

// warning writes a warning as an item of a list, with the cells first.
func (d *document) warning(w result.Warning) string {
	text := prose(view.Fit(w.Text, d.limits.title))
	if len(w.Cells) > 0 {
		text = d.names(w.Cells) + ": " + text
	}
	if w.Location != nil && !strings.Contains(w.Text, w.Location.String()) {
		text += " (" + d.location(*w.Location) + ")"
	}
	return "- " + text
}

// message returns the details of a cause.
func (d *document) message(c result.Cause) []string {
	text := view.Details(c)
	if text == "" || d.limits.message == 0 {
		return nil
	}
	lines := strings.Split(text, "\n")
	if more := len(lines) - d.limits.message; more > 1 {
		lines = append(lines[:d.limits.message:d.limits.message], fmt.Sprintf("… (%d more lines)", more))
	}
	return lines
}

// log appends the end of a log, folded unless it is short, or a folded trace, and names the file
// of the full log.
func (d *document) log(c result.Cause) {
	lines := view.LastLines(c.LogTail, d.limits.tail)
	show := func() {
		if len(lines) > 0 {
			d.block(fenced("text", lines)...)
		}
		if c.Log != "" {
			d.block(prose(view.Fit("full log: "+c.Log, d.limits.title)))
		}
	}
	switch {
	case view.Traced(c) && len(lines) > 0:
		d.folded("the trace, "+view.Count(len(lines), "line"), show)
	case len(lines) <= openLines:
		show()
	default:
		d.folded(fmt.Sprintf("the log's last %d lines", len(lines)), show)
	}
}
