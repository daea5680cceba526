package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// MarkdownOptions says where the markdown is to stand. The zero value is all of
// it, without links.
type MarkdownOptions struct {
	// Limit is the most bytes that are written; 0 means no limit. GitHub takes
	// 65,536 characters as a comment, and of those there are never more than bytes.
	Limit int
	// RunURL is where the run's logs and artifacts are, as an http or https address.
	RunURL string
	// SourceURL is the address below which the flake's files are, such as
	// https://HOST/OWNER/REPO/blob/REV.
	SourceURL string
	// File adds a first line by which [IsReport] recognizes it.
	File bool
}

// WriteMarkdown writes the report as GitHub shows it in a comment, a summary or an
// issue: the verdict, why cells did not pass, the grid, and what changed on each
// machine. What does not fit below the limit is left out, what matters least first,
// and that is said. Nothing in the report can act as markup, make a link, or call
// anybody.
func WriteMarkdown(w io.Writer, r result.Report, o MarkdownOptions) error {
	text := newMarkdown(r, o).fit()
	if o.File {
		text = markdownMark + text
	}
	_, err := io.WriteString(w, text)
	return err
}

// forMarkdown is the washer for markdown. What does not fit is in the log.
func forMarkdown() washer {
	return washer{text: clean.XML, width: 500, lines: 60}
}

// markdown is a report on its way into its markdown.
type markdown struct {
	result.Report
	options MarkdownOptions
	index   index
	sheet   *sheet
	changes *changes
	causes  []result.Cause
	remarks []told
	most    allowance
	out     strings.Builder
}

func newMarkdown(r result.Report, o MarkdownOptions) *markdown {
	r = forMarkdown().report(r)
	x := newIndex(r)
	o.RunURL, o.SourceURL = bracketless(o.RunURL), bracketless(o.SourceURL)
	return &markdown{
		Report: r, options: o, index: x, sheet: newSheet(r), changes: newChanges(r),
		causes: x.ordered(r), remarks: remarks(r.Cells, marker{index: x}), most: everything(),
	}
}

// bracketless is an address that is the target of a link, whole.
func bracketless(address string) string {
	if address = webURL(address); strings.ContainsAny(address, "()<>[]|`\\\"' ") {
		return ""
	}
	return address
}

// allowance is how much there may be of what.
type allowance struct {
	tail, message       int // lines
	title               int // columns of a title, a hint, a note
	causes, cells       int // cells below one cause or remark
	rows, quietRows     int // of the grid, those with something to see and the others
	remarks             int
	machines, places    int // of the changes
	packages, allOfThem int // of one place, in the open and folded
}

func everything() allowance {
	const all = 1 << 30
	return allowance{
		tail: tailLines, message: all, title: 300, causes: all, cells: 500, rows: all, quietRows: all,
		remarks: all, machines: 100, places: 100, packages: 8, allOfThem: 2000,
	}
}

// saving is one way to make the text shorter, and what is shorter then.
type saving struct {
	what string
	do   func(*allowance)
}

// savings are in the order in which they are made: what matters least comes first.
func savings() []saving {
	return []saving{
		{"lists of packages", func(a *allowance) { a.allOfThem = 500 }},
		{"lists of packages", func(a *allowance) { a.allOfThem = 250 }},
		{"lists of packages", func(a *allowance) { a.allOfThem = 100 }},
		{"lists of packages", func(a *allowance) { a.allOfThem = 0 }},
		{"log tails", func(a *allowance) { a.tail = 10 }},
		{"hosts without failures", func(a *allowance) { a.quietRows = 0 }},
		{"lists of cells", func(a *allowance) { a.cells = 30 }},
		{"messages", func(a *allowance) { a.message = 15 }},
		{"log tails", func(a *allowance) { a.tail = 5 }},
		{"changes", func(a *allowance) { a.machines, a.places, a.packages = 12, 6, 4 }},
		{"remarks", func(a *allowance) { a.remarks, a.cells, a.title = 8, 8, 160 }},
		{"messages", func(a *allowance) { a.message, a.tail = 6, 3 }},
		{"hosts with failures", func(a *allowance) { a.rows = 40 }},
		{"causes", func(a *allowance) { a.causes = 25 }},
		{"changes", func(a *allowance) { a.machines, a.places = 0, 0 }},
		{"log tails", func(a *allowance) { a.tail = 0 }},
		{"hosts with failures", func(a *allowance) { a.rows = 10 }},
		{"causes", func(a *allowance) { a.causes, a.message, a.cells, a.title = 10, 2, 3, 100 }},
		{"remarks", func(a *allowance) { a.remarks = 0 }},
		{"hosts with failures", func(a *allowance) { a.rows = 0 }},
		{"causes", func(a *allowance) { a.causes, a.message = 4, 0 }},
		{"causes", func(a *allowance) { a.causes, a.title = 1, 60 }},
		{"causes", func(a *allowance) { a.causes = 0 }},
	}
}

// fit is the text with as much as there may be.
func (m *markdown) fit() string {
	var shorter []string
	body := m.body()
	for _, c := range savings() {
		if m.fits(body, shorter) {
			break
		}
		c.do(&m.most)
		next := m.body()
		if len(next) < len(body) && !slices.Contains(shorter, c.what) {
			shorter = append(shorter, c.what)
		}
		body = next
	}
	if m.fits(body, shorter) {
		return body + m.foot(shorter)
	}
	return m.bare()
}

func (m *markdown) fits(body string, shorter []string) bool {
	return m.options.Limit <= 0 || len(body)+len(m.foot(shorter)) <= m.options.Limit
}

// body is all but the foot.
func (m *markdown) body() string {
	m.out.Reset()
	m.head()
	m.why()
	m.grid()
	m.differences()
	m.others()
	return m.out.String()
}

// bare is the least that can be said, without a word of the report's.
func (m *markdown) bare() string {
	verdict := m.verdict()
	text := string(verdict) + ": " + outcome(verdict, tally(m.Cells), len(m.Report.Causes))
	if long := verdictSign(verdict) + " **" + text + "**\n\nThe rest does not fit here.\n"; len(long) <= m.options.Limit {
		return long
	}
	return text[:min(len(text), max(0, m.options.Limit-1))] + "\n"
}

// block appends lines with an empty line behind them.
func (m *markdown) block(lines ...string) {
	for _, line := range lines {
		// A line that GitHub's runner would take for a command is broken: the
		// text may go to stdout.
		m.out.WriteString(clean.Line(strings.TrimRight(line, " ")))
		m.out.WriteByte('\n')
	}
	m.out.WriteByte('\n')
}

// folded appends what a reader has to open first. The title is HTML.
func (m *markdown) folded(title string, content func()) {
	m.block("<details><summary>" + title + "</summary>")
	content()
	m.block("</details>")
}

// names lists cells, and says how many more there are.
func (m *markdown) names(cells []string) string {
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
