package markdown

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// Options says where the markdown is to stand. The zero value is all of
// it, without links.
type Options struct {
	// Limit is the most bytes that are written; 0 means no limit. GitHub takes
	// 65,536 characters as a comment, and of those there are never more than bytes.
	Limit int
	// RunURL is where the run's logs and artifacts are, as an http or https address.
	RunURL string
	// SourceURL is the address below which the flake's files are, such as
	// https://HOST/OWNER/REPO/blob/REV.
	SourceURL string
	// File adds a first line by which [reports.IsReport] recognizes it.
	File bool
}

// Write writes the report as GitHub shows it in a comment, a summary or an
// issue: the verdict, why cells did not pass, the grid, and what changed on each
// machine. What does not fit below the limit is left out, what matters least first,
// and that is said. Nothing in the report can act as markup, make a link, or call
// anybody.
func Write(w io.Writer, r result.Report, o Options) error {
	text := newMarkdown(r, o).fit()
	if o.File {
		text = Marker + text
	}
	_, err := io.WriteString(w, text)
	return err
}

// sanitizer is the washer for markdown. What does not fit is in the log.
func sanitizer() view.Sanitizer {
	return view.Sanitizer{Clean: clean.XML, MaxWidth: 500, MaxLines: 60}
}

// document is a report on its way into its markdown.
type document struct {
	result.Report
	options Options
	index   view.CauseIndex
	sheet   *view.Layout
	changes *view.Changes
	causes  []result.Cause
	remarks []view.Note
	most    limits
	out     strings.Builder
}

func newMarkdown(r result.Report, o Options) *document {
	r = sanitizer().Report(r)
	x := view.NewCauseIndex(r)
	o.RunURL, o.SourceURL = bracketless(o.RunURL), bracketless(o.SourceURL)
	return &document{
		Report: r, options: o, index: x, sheet: view.NewLayout(r), changes: view.NewChanges(r),
		causes: x.Ordered(r), remarks: view.Notes(r.Cells, view.Labeler{Index: x}), most: noLimits(),
	}
}

// bracketless is an address that is the target of a link, whole.
func bracketless(address string) string {
	if address = view.WebURL(address); strings.ContainsAny(address, "()<>[]|`\\\"' ") {
		return ""
	}
	return address
}

// limits is how much there may be of what.
type limits struct {
	tail, message       int // lines
	title               int // columns of a title, a hint, a note
	causes, cells       int // cells below one cause or remark
	rows, quietRows     int // of the grid, those with something to see and the others
	remarks             int
	machines, places    int // of the changes
	packages, allOfThem int // of one place, in the open and folded
}

func noLimits() limits {
	const all = 1 << 30
	return limits{
		tail: view.TailLines, message: all, title: 300, causes: all, cells: 500, rows: all, quietRows: all,
		remarks: all, machines: 100, places: 100, packages: 8, allOfThem: 2000,
	}
}

// step is one way to make the text shorter, and what is shorter then.
type step struct {
	what  string
	apply func(*limits)
}

// steps are in the order in which they are made: what matters least comes first.
func steps() []step {
	return []step{
		{"lists of packages", func(a *limits) { a.allOfThem = 500 }},
		{"lists of packages", func(a *limits) { a.allOfThem = 250 }},
		{"lists of packages", func(a *limits) { a.allOfThem = 100 }},
		{"lists of packages", func(a *limits) { a.allOfThem = 0 }},
		{"log tails", func(a *limits) { a.tail = 10 }},
		{"hosts without failures", func(a *limits) { a.quietRows = 0 }},
		{"lists of cells", func(a *limits) { a.cells = 30 }},
		{"messages", func(a *limits) { a.message = 15 }},
		{"log tails", func(a *limits) { a.tail = 5 }},
		{"changes", func(a *limits) { a.machines, a.places, a.packages = 12, 6, 4 }},
		{"remarks", func(a *limits) { a.remarks, a.cells, a.title = 8, 8, 160 }},
		{"messages", func(a *limits) { a.message, a.tail = 6, 3 }},
		{"hosts with failures", func(a *limits) { a.rows = 40 }},
		{"causes", func(a *limits) { a.causes = 25 }},
		{"changes", func(a *limits) { a.machines, a.places = 0, 0 }},
		{"log tails", func(a *limits) { a.tail = 0 }},
		{"hosts with failures", func(a *limits) { a.rows = 10 }},
		{"causes", func(a *limits) { a.causes, a.message, a.cells, a.title = 10, 2, 3, 100 }},
		{"remarks", func(a *limits) { a.remarks = 0 }},
		{"hosts with failures", func(a *limits) { a.rows = 0 }},
		{"causes", func(a *limits) { a.causes, a.message = 4, 0 }},
		{"causes", func(a *limits) { a.causes, a.title = 1, 60 }},
		{"causes", func(a *limits) { a.causes = 0 }},
	}
}

// fit is the text with as much as there may be.
func (m *document) fit() string {
	var shorter []string
	body := m.body()
	for _, c := range steps() {
		if m.fits(body, shorter) {
			break
		}
		c.apply(&m.most)
		next := m.body()
		if len(next) < len(body) && !slices.Contains(shorter, c.what) {
			shorter = append(shorter, c.what)
		}
		body = next
	}
	if m.fits(body, shorter) {
		return body + m.foot(shorter)
	}
	return m.minimal()
}

func (m *document) fits(body string, shorter []string) bool {
	return m.options.Limit <= 0 || len(body)+len(m.foot(shorter)) <= m.options.Limit
}

// body is all but the foot.
func (m *document) body() string {
	m.out.Reset()
	m.head()
	m.why()
	m.grid()
	m.differences()
	m.others()
	return m.out.String()
}

// minimal is the least that can be said, without a word of the report's.
func (m *document) minimal() string {
	verdict := m.verdict()
	text := string(verdict) + ": " + view.OutcomeText(verdict, view.CountCells(m.Cells), len(m.Report.Causes))
	if long := verdictSign(verdict) + " **" + text + "**\n\nThe rest does not fit here.\n"; len(long) <= m.options.Limit {
		return long
	}
	return text[:min(len(text), max(0, m.options.Limit-1))] + "\n"
}

// block appends lines with an empty line behind them.
func (m *document) block(lines ...string) {
	for _, line := range lines {
		// A line that GitHub's runner would take for a command is broken: the
		// text may go to stdout.
		m.out.WriteString(clean.Line(strings.TrimRight(line, " ")))
		m.out.WriteByte('\n')
	}
	m.out.WriteByte('\n')
}

// folded appends what a reader has to open first. The title is HTML.
func (m *document) folded(title string, content func()) {
	m.block("<details><summary>" + title + "</summary>")
	content()
	m.block("</details>")
}

// names lists cells, and says how many more there are.
func (m *document) names(cells []string) string {
	n := m.most.cells
	if len(cells) <= n {
		n = len(cells)
	}
	var list []string
	for _, id := range cells[:n] {
		list = append(list, code(id))
	}
	if more := len(cells) - n; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}
