package html

import (
	"cmp"
	"html/template"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// sanitizer is the washer for the page. What does not fit is in the log.
func sanitizer() view.Sanitizer {
	return view.Sanitizer{Clean: clean.XML, MaxWidth: 1000, MaxLines: 120}
}

// page is what the template shows. Its strings are as they are to be read;
// escaping is the template's.
type page struct {
	CSS    template.CSS
	JS     template.JS
	Icon   template.URL
	Policy string

	Title, Sign, Verdict, Summary, Tone string
	Facts                               []fact
	Totals                              []total
	Notes                               []string
	Filters                             []filter
	Grid                                grid
	Groups                              []group
	Remarks                             []note
	Causes                              []cause
	Changes                             *changes
	Time                                *timeline
	Evidence                            *evidence
	Cells                               []cell
}

// fact is a name and what it has; Href, if there is one, leads to it.
type fact struct {
	Name, Text, Href string
	Code             bool // text that may be copied, such as a path
}

// total is one of the numbers in the head.
type total struct {
	N          int
	What, Tone string
}

// maker holds what the parts of a page are made of.
type maker struct {
	report   result.Report
	options  Options
	index    view.CauseIndex
	marker   view.Labeler
	numbers  map[string]int   // of cells, by their ids
	why      []result.Cause   // in the order in which they are shown
	stopping map[string][]int // numbers of the causes that stop a cell
	changed  int              // cells that are not as at the base
	evidence *evidence
}

func newPage(raw result.Report, o Options) page {
	r := sanitizer().Report(raw)
	m := &maker{report: r, options: o, index: view.NewCauseIndex(r), evidence: newEvidence(raw, o.File)}
	m.marker = view.Labeler{Index: m.index}
	m.number()
	sheet := view.NewLayout(r)
	page := page{
		Facts: m.facts(), Totals: m.totals(), Notes: m.notes(),
		Filters: filters(r.Cells), Grid: m.grid(sheet), Groups: m.groups(sheet.Others), Remarks: m.remarks(),
		Causes: m.causes(), Changes: m.changes(), Time: m.time(), Evidence: m.evidence,
	}
	for i, c := range r.Cells {
		page.Cells = append(page.Cells, m.cell(i, c))
	}
	page.Verdict, page.Summary, _ = strings.Cut(view.Summary(r), ": ")
	page.Sign, page.Tone = htmlVerdict(result.Verdict(page.Verdict))
	page.Title = page.Verdict + ": " + cmp.Or(r.Flake.Ref, r.Flake.Locked, "flake") + " · flakeci"
	page.Icon = htmlIcon(page.Tone)
	return page
}

// number gives cells and causes the numbers by which the page's links name them.
func (m *maker) number() {
	m.numbers, m.stopping = map[string]int{}, map[string][]int{}
	for i, c := range m.report.Cells {
		if _, twice := m.numbers[c.ID]; !twice {
			m.numbers[c.ID] = i
		}
		if c.Base != nil && c.Base.Change == result.CellChanged {
			m.changed++
		}
	}
	m.why = m.index.Ordered(m.report)
	for i, cause := range m.why {
		for _, id := range cause.Cells {
			m.stopping[id] = append(m.stopping[id], i)
		}
	}
}

func htmlVerdict(v result.Verdict) (sign, tone string) {
	switch v {
	case result.VerdictPassed:
		return view.SignPassed, "good"
	case result.VerdictFailed:
		return view.SignFailed, "bad"
	}
	return view.SignError, "warn"
}

// htmlIcon is a dot of the verdict's colour.
func htmlIcon(tone string) template.URL {
	color := map[string]string{"good": "%231a7f4b", "bad": "%23c0392b", "warn": "%23b7791f"}[tone]
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='" + color + "'/%3E%3C/svg%3E")
}

// facts are what was looked at, with what, and when.
func (m *maker) facts() []fact {
	r := m.report
	facts := []fact{{Name: "flake", Text: cmp.Or(r.Flake.Ref, r.Flake.Locked, "?"), Code: true}}
	if rev := strings.TrimSpace(strings.TrimPrefix(view.Revision(r.Flake), "  rev ")); rev != "" {
		facts = append(facts, fact{Name: "revision", Text: rev, Href: view.WebURL(m.options.SourceURL), Code: true})
	}
	if r.Base != nil && r.Base.Missing == "" {
		facts = append(facts, fact{Name: "compared with", Text: view.BaseText(r.Base)})
	}
	if !r.Started.IsZero() {
		facts = append(facts, fact{Name: "started", Text: view.Timestamp(r.Started)})
	}
	if r.Duration > 0 {
		facts = append(facts, fact{Name: "took", Text: view.Seconds(r.Duration)})
	}
	if r.Nix.Version != "" {
		facts = append(facts, fact{Name: "nix", Text: r.Nix.Version})
	}
	if run := view.WebURL(m.options.RunURL); run != "" {
		facts = append(facts, fact{Name: "run", Text: "open the run", Href: run})
	}
	return facts
}

// notes are remarks about the run as a whole.
func (m *maker) notes() []string {
	var notes []string
	for _, how := range view.SlowBoots(m.report.Cells) {
		notes = append(notes, "booted "+how)
	}
	if b := m.report.Base; b != nil && b.Missing != "" {
		notes = append(notes, "not compared with "+view.BaseName(b)+": "+b.Missing)
	}
	notes = append(notes, m.report.Notes...)
	for _, warning := range m.report.Warnings {
		notes = append(notes, "warning: "+warning.String())
	}
	if left := view.NotTestedText(m.report); left != "" {
		notes = append(notes, "not tested: "+left)
	}
	return notes
}

// totals are the numbers that are looked for first.
func (m *maker) totals() []total {
	n := view.CountCells(m.report.Cells)
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
