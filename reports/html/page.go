package html

import (
	"cmp"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// sanitizer returns the sanitizer for the page. The log has what it leaves out.
func sanitizer() view.Sanitizer {
	return view.Sanitizer{Clean: clean.XML, MaxWidth: 1000, MaxLines: 120}
}

// page is what the template shows. Its strings are plain text, which the template escapes.
type page struct {
	CSS    template.CSS
	JS     template.JS
	Icon   template.URL
	Policy string

	Title, Sign, Verdict, Summary, Tone string
	Facts                               []fact
	Totals                              []total
	Notes                               []string
	Warnings                            []warning
	Filters                             []filter
	Grid                                grid
	Groups                              []group
	Remarks                             []note
	Causes                              []cause
	Changes                             *changes
	Timeline                            *timeline
	Evidence                            *evidence
	Cells                               []cell
}

// fact is a name with its value. Href leads to more about it, if there is an address.
type fact struct {
	Name, Text, Href string
	Code             bool // text to copy, such as a path
}

// total is one of the numbers at the top of the page.
type total struct {
	N          int
	What, Tone string
}

// builder makes the parts of a page.
type builder struct {
	report    result.Report
	began     time.Time
	options   Options
	index     view.CauseIndex
	labeler   view.Labeler
	numbers   map[string]int   // numbers of cells by id
	causeList []result.Cause   // in the order in which they are shown
	causesOf  map[string][]int // numbers of causes by the id of a cell that they block
	changed   int              // number of cells that changed since the base
	evidence  *evidence
}

// newPage makes the page for a report.
func newPage(raw result.Report, o Options) page {
	r := sanitizer().Report(raw)
	b := &builder{report: r, began: view.StartOf(r), options: o, index: view.NewCauseIndex(r), evidence: newEvidence(raw, o.File)}
	b.labeler = view.Labeler{Index: b.index}
	b.number()
	layout := view.NewLayout(r)
	page := page{
		Facts: b.facts(), Totals: b.totals(), Notes: b.notes(), Warnings: b.warnings(),
		Filters: filters(r.Cells), Grid: b.grid(layout), Groups: b.groups(layout.Anywhere, layout.Others), Remarks: b.remarks(),
		Causes: b.causes(), Changes: b.changes(), Timeline: b.timeline(), Evidence: b.evidence,
	}
	for i, c := range r.Cells {
		page.Cells = append(page.Cells, b.cell(i, c))
	}
	page.Verdict, page.Summary = string(r.Verdict), view.SummaryText(r)
	page.Sign, page.Tone = verdictTone(r.Verdict)
	page.Title = page.Verdict + ": " + cmp.Or(r.Flake.Ref, r.Flake.Locked, "flake") + " · flakeci"
	page.Icon = icon(page.Tone)
	return page
}

// number numbers the cells and causes, so that links can name them.
func (b *builder) number() {
	b.numbers, b.causesOf = map[string]int{}, map[string][]int{}
	for i, c := range b.report.Cells {
		if _, known := b.numbers[c.ID]; !known {
			b.numbers[c.ID] = i
		}
		if c.Base != nil && c.Base.Change == result.CellChanged {
			b.changed++
		}
	}
	b.causeList = b.index.Ordered(b.report)
	for i, cause := range b.causeList {
		for _, id := range cause.Cells {
			b.causesOf[id] = append(b.causesOf[id], i)
		}
	}
}

// verdictTone returns the sign and the tone of a verdict.
func verdictTone(v result.Verdict) (sign, tone string) {
	switch v {
	case result.VerdictPassed:
		return view.SignPassed, "good"
	case result.VerdictFailed:
		return view.SignFailed, "bad"
	}
	return view.SignError, "warn"
}

// icon returns a dot in the color of a tone.
func icon(tone string) template.URL {
	color := map[string]string{"good": "%231a7f4b", "bad": "%23c0392b", "warn": "%23b7791f"}[tone]
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='" + color + "'/%3E%3C/svg%3E")
}

// facts returns what was tested, with which tools, and when.
func (b *builder) facts() []fact {
	r := b.report
	facts := []fact{{Name: "flake", Text: cmp.Or(r.Flake.Ref, r.Flake.Locked, "?"), Code: true}}
	if rev := strings.TrimSpace(strings.TrimPrefix(view.Revision(r.Flake), "  rev ")); rev != "" {
		facts = append(facts, fact{Name: "revision", Text: rev, Href: view.WebURL(b.options.SourceURL), Code: true})
	}
	if r.Base != nil && r.Base.Missing == "" {
		facts = append(facts, fact{Name: "compared with", Text: view.BaseText(r.Base)})
	}
	if !r.Started.IsZero() {
		facts = append(facts, fact{Name: "started", Text: view.FormatTime(r.Started)})
	}
	if r.Duration > 0 {
		facts = append(facts, fact{Name: "took", Text: view.FormatSeconds(r.Duration)})
	}
	if n := len(r.Machines); n > 1 {
		facts = append(facts, fact{Name: "machines", Text: strconv.Itoa(n)})
	}
	if r.Nix.Version != "" {
		facts = append(facts, fact{Name: "nix", Text: r.Nix.Version})
	}
	if run := view.WebURL(b.options.RunURL); run != "" {
		facts = append(facts, fact{Name: "run", Text: "open the run", Href: run})
	}
	return facts
}

// notes returns remarks on the run as a whole.
func (b *builder) notes() []string {
	var notes []string
	for _, how := range view.SlowBoots(b.report.Cells) {
		notes = append(notes, "booted "+how)
	}
	if base := b.report.Base; base != nil && base.Missing != "" {
		notes = append(notes, view.NotCompared(base))
	}
	notes = append(notes, b.report.Notes...)
	for _, text := range view.PushTexts(b.report) {
		notes = append(notes, "push: "+text)
	}
	ofRun, _ := view.Warnings(b.report)
	for _, w := range ofRun {
		notes = append(notes, "warning: "+w.String())
	}
	if left := view.NotTestedText(b.report); left != "" {
		notes = append(notes, "not tested: "+left)
	}
	return notes
}

// warning is a warning of the flake.
type warning struct {
	Text, Place, PlaceHref string
	Cells                  []link
}

// warnings returns the warnings of the flake.
func (b *builder) warnings() []warning {
	_, ofFlake := view.Warnings(b.report)
	var list []warning
	for _, w := range ofFlake {
		one := warning{Text: w.Text, Cells: b.links(w.Cells)}
		one.Place, one.PlaceHref = b.place(w.Location)
		list = append(list, one)
	}
	return list
}

// place names a place in the flake and gives its address, as far as they are known.
func (b *builder) place(l *result.Location) (text, href string) {
	if l == nil || l.File == "" {
		return "", ""
	}
	return l.String(), view.SourceURL(b.options.SourceURL, *l)
}

// totals returns the numbers that readers look for first.
func (b *builder) totals() []total {
	n := view.CountCells(b.report.Cells)
	totals := []total{{n.All, english.PluralWord(n.All, "cell", ""), ""}}
	add := func(n int, what, tone string) {
		if n > 0 {
			totals = append(totals, total{n, what, tone})
		}
	}
	add(n.Passed, "passed", "good")
	add(n.Failed, "failed", "bad")
	add(n.Errors, "in error", "warn")
	add(n.Canceled, "canceled", "warn")
	add(n.Skipped, "skipped", "")
	add(n.New, "new", "bad")
	add(n.AlreadyBroken, "already broken", "warn")
	add(n.Fixed, "fixed", "good")
	add(n.Removed, "removed", "")
	return totals
}
