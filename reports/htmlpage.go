package reports

import (
	"cmp"
	"html/template"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// browser is the washer for the page. What does not fit is in the log.
func browser() washer {
	return washer{text: clean.XML, width: 1000, lines: 120}
}

// htmlPage is what the template shows. Its strings are as they are to be read;
// escaping is the template's.
type htmlPage struct {
	CSS    template.CSS
	JS     template.JS
	Icon   template.URL
	Policy string

	Title, Sign, Verdict, Summary, Tone string
	Facts                               []htmlFact
	Totals                              []htmlTotal
	Notes                               []string
	Filters                             []htmlFilter
	Grid                                htmlGrid
	Groups                              []htmlGroup
	Remarks                             []htmlRemark
	Causes                              []htmlCause
	Changes                             *htmlChanges
	Time                                *htmlTime
	Evidence                            *htmlEvidence
	Cells                               []htmlCell
}

// htmlFact is a name and what it has; Href, if there is one, leads to it.
type htmlFact struct {
	Name, Text, Href string
	Code             bool // text that may be copied, such as a path
}

// htmlTotal is one of the numbers in the head.
type htmlTotal struct {
	N          int
	What, Tone string
}

// htmlMaker holds what the parts of a page are made of.
type htmlMaker struct {
	report   result.Report
	options  HTMLOptions
	index    index
	marker   marker
	numbers  map[string]int   // of cells, by their ids
	why      []result.Cause   // in the order in which they are shown
	stopping map[string][]int // numbers of the causes that stop a cell
	changed  int              // cells that are not as at the base
	evidence *htmlEvidence
}

func newHTMLPage(raw result.Report, o HTMLOptions) htmlPage {
	r := browser().report(raw)
	m := &htmlMaker{report: r, options: o, index: newIndex(r), evidence: newHTMLEvidence(raw, o.File)}
	m.marker = marker{index: m.index}
	m.number()
	sheet := newSheet(r)
	page := htmlPage{
		Facts: m.facts(), Totals: m.totals(), Notes: m.notes(),
		Filters: htmlFilters(r.Cells), Grid: m.grid(sheet), Groups: m.groups(sheet.others), Remarks: m.remarks(),
		Causes: m.causes(), Changes: m.changes(), Time: m.time(), Evidence: m.evidence,
	}
	for i, c := range r.Cells {
		page.Cells = append(page.Cells, m.cell(i, c))
	}
	page.Verdict, page.Summary, _ = strings.Cut(summary(r), ": ")
	page.Sign, page.Tone = htmlVerdict(result.Verdict(page.Verdict))
	page.Title = page.Verdict + ": " + cmp.Or(r.Flake.Ref, r.Flake.Locked, "flake") + " · flakeci"
	page.Icon = htmlIcon(page.Tone)
	return page
}

// number gives cells and causes the numbers by which the page's links name them.
func (m *htmlMaker) number() {
	m.numbers, m.stopping = map[string]int{}, map[string][]int{}
	for i, c := range m.report.Cells {
		if _, twice := m.numbers[c.ID]; !twice {
			m.numbers[c.ID] = i
		}
		if c.Base != nil && c.Base.Change == result.CellChanged {
			m.changed++
		}
	}
	m.why = m.index.ordered(m.report)
	for i, cause := range m.why {
		for _, id := range cause.Cells {
			m.stopping[id] = append(m.stopping[id], i)
		}
	}
}

func htmlVerdict(v result.Verdict) (sign, tone string) {
	switch v {
	case result.VerdictPassed:
		return signPassed, "good"
	case result.VerdictFailed:
		return signFailed, "bad"
	}
	return signError, "warn"
}

// htmlIcon is a dot of the verdict's colour.
func htmlIcon(tone string) template.URL {
	color := map[string]string{"good": "%231a7f4b", "bad": "%23c0392b", "warn": "%23b7791f"}[tone]
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='" + color + "'/%3E%3C/svg%3E")
}

// facts are what was looked at, with what, and when.
func (m *htmlMaker) facts() []htmlFact {
	r := m.report
	facts := []htmlFact{{Name: "flake", Text: cmp.Or(r.Flake.Ref, r.Flake.Locked, "?"), Code: true}}
	if rev := strings.TrimSpace(strings.TrimPrefix(revision(r.Flake), "  rev ")); rev != "" {
		facts = append(facts, htmlFact{Name: "revision", Text: rev, Href: webURL(m.options.SourceURL), Code: true})
	}
	if r.Base != nil && r.Base.Missing == "" {
		facts = append(facts, htmlFact{Name: "compared with", Text: baseLabel(r.Base)})
	}
	if !r.Started.IsZero() {
		facts = append(facts, htmlFact{Name: "started", Text: moment(r.Started)})
	}
	if r.Duration > 0 {
		facts = append(facts, htmlFact{Name: "took", Text: HumanSeconds(r.Duration)})
	}
	if r.Nix.Version != "" {
		facts = append(facts, htmlFact{Name: "nix", Text: r.Nix.Version})
	}
	if run := webURL(m.options.RunURL); run != "" {
		facts = append(facts, htmlFact{Name: "run", Text: "open the run", Href: run})
	}
	return facts
}

// notes are remarks about the run as a whole.
func (m *htmlMaker) notes() []string {
	var notes []string
	for _, how := range slow(m.report.Cells) {
		notes = append(notes, "booted "+how)
	}
	if b := m.report.Base; b != nil && b.Missing != "" {
		notes = append(notes, "not compared with "+baseName(b)+": "+b.Missing)
	}
	notes = append(notes, m.report.Notes...)
	for _, warning := range m.report.Warnings {
		notes = append(notes, "warning: "+warning.String())
	}
	if left := notTested(m.report); left != "" {
		notes = append(notes, "not tested: "+left)
	}
	return notes
}

// totals are the numbers that are looked for first.
func (m *htmlMaker) totals() []htmlTotal {
	n := tally(m.report.Cells)
	totals := []htmlTotal{{n.all, plural(n.all, "cell"), ""}}
	add := func(n int, what, tone string) {
		if n > 0 {
			totals = append(totals, htmlTotal{n, what, tone})
		}
	}
	add(n.passed, "passed", "good")
	add(n.failed, "failed", "bad")
	add(n.errors, "in error", "warn")
	add(n.canceled, "canceled", "warn")
	add(n.skipped, "skipped", "")
	add(n.news, "new", "bad")
	add(n.known, "already broken", "warn")
	add(n.fixed, "fixed", "good")
	add(n.removed, "removed", "")
	return totals
}
