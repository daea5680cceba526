// Package markdown writes a report as GitHub shows it in a comment, a summary or an issue.
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

// Marker is the first line of a markdown report in a file. GitHub does not show it.
const Marker = "<!-- flakeci report -->\n"

// Options says what the markdown is for. The zero value is the full text without links.
type Options struct {
	// Limit is the largest number of bytes; 0 means no limit. GitHub takes a comment of
	// 65,536 characters, and a text never has more characters than bytes.
	Limit int
	// RunURL is the http or https address of the run's logs and artifacts.
	RunURL string
	// SourceURL is the address of the folder with the flake's files, such as
	// https://HOST/OWNER/REPO/blob/REV.
	SourceURL string
	// File adds the [Marker], by which [reports.IsReport] recognizes the file.
	File bool
}

// Write writes the report: the verdict, the causes of failures, the grid, and what changed on
// each machine. If it exceeds the limit, Write leaves out what matters least, and says so.
// Nothing in the report can act as markup, make a link, or notify anyone.
func Write(w io.Writer, r result.Report, o Options) error {
	text := newDocument(r, o).fit()
	if o.File {
		text = Marker + text
	}
	_, err := io.WriteString(w, text)
	return err
}

// sanitizer returns the sanitizer for markdown. The log has what it leaves out.
func sanitizer() view.Sanitizer {
	return view.Sanitizer{Clean: clean.XML, MaxWidth: 500, MaxLines: 60}
}

// document is a report being written as markdown.
type document struct {
	result.Report
	options Options
	index   view.CauseIndex
	layout  *view.Layout
	changes *view.Changes
	causes  []result.Cause
	notes   []view.Note
	limits  limits
	out     strings.Builder
}

func newDocument(r result.Report, o Options) *document {
	r = sanitizer().Report(r)
	index := view.NewCauseIndex(r)
	o.RunURL, o.SourceURL = linkTarget(o.RunURL), linkTarget(o.SourceURL)
	return &document{
		Report: r, options: o, index: index, layout: view.NewLayout(r), changes: view.NewChanges(r),
		causes: index.Ordered(r), notes: view.Notes(r.Cells, view.Labeler{Index: index}), limits: noLimits(),
	}
}

// linkTarget returns an address if it is one that cannot break out of a link, else "".
func linkTarget(address string) string {
	if address = view.WebURL(address); strings.ContainsAny(address, "()<>[]|`\\\"' ") {
		return ""
	}
	return address
}

// limits says how much of each part is written.
type limits struct {
	tail, message         int // lines
	excerpts              bool
	title                 int // columns of a title, a hint, a note
	causes, cells         int // cells of one cause or remark
	rows, quietRows       int // of the grid: notable rows, and the others
	remarks               int
	machines, groups      int // of the changes
	packages, allPackages int // of one group: shown, and folded
}

func noLimits() limits {
	const all = 1 << 30
	return limits{
		tail: view.TailLines, message: all, excerpts: true, title: 300, causes: all, cells: 500, rows: all, quietRows: all,
		remarks: all, machines: 100, groups: 100, packages: 8, allPackages: 2000,
	}
}

// step is one way to shorten the text.
type step struct {
	what  string // what it shortens
	apply func(*limits)
}

// steps returns the steps in order: what matters least is shortened first.
func steps() []step {
	return []step{
		{"lists of packages", func(l *limits) { l.allPackages = 500 }},
		{"lists of packages", func(l *limits) { l.allPackages = 250 }},
		{"lists of packages", func(l *limits) { l.allPackages = 100 }},
		{"lists of packages", func(l *limits) { l.allPackages = 0 }},
		{"log tails", func(l *limits) { l.tail = 10 }},
		{"hosts without failures", func(l *limits) { l.quietRows = 0 }},
		{"lists of cells", func(l *limits) { l.cells = 30 }},
		{"messages", func(l *limits) { l.message = 15 }},
		{"log tails", func(l *limits) { l.tail = 5 }},
		{"changes", func(l *limits) { l.machines, l.groups, l.packages = 12, 6, 4 }},
		{"remarks", func(l *limits) { l.remarks, l.cells, l.title = 8, 8, 160 }},
		{"messages", func(l *limits) { l.message, l.tail = 6, 3 }},
		{"excerpts of files", func(l *limits) { l.excerpts = false }},
		{"hosts with failures", func(l *limits) { l.rows = 40 }},
		{"causes", func(l *limits) { l.causes = 25 }},
		{"changes", func(l *limits) { l.machines, l.groups = 0, 0 }},
		{"log tails", func(l *limits) { l.tail = 0 }},
		{"hosts with failures", func(l *limits) { l.rows = 10 }},
		{"causes", func(l *limits) { l.causes, l.message, l.cells, l.title = 10, 2, 3, 100 }},
		{"remarks", func(l *limits) { l.remarks = 0 }},
		{"hosts with failures", func(l *limits) { l.rows = 0 }},
		{"causes", func(l *limits) { l.causes, l.message = 4, 0 }},
		{"causes", func(l *limits) { l.causes, l.title = 1, 60 }},
		{"causes", func(l *limits) { l.causes = 0 }},
	}
}

// fit returns as much of the text as the limit allows.
func (d *document) fit() string {
	var shortened []string
	body := d.body()
	for _, s := range steps() {
		if d.fits(body, shortened) {
			break
		}
		s.apply(&d.limits)
		next := d.body()
		if len(next) < len(body) && !slices.Contains(shortened, s.what) {
			shortened = append(shortened, s.what)
		}
		body = next
	}
	if d.fits(body, shortened) {
		return body + d.foot(shortened)
	}
	return d.minimal()
}

func (d *document) fits(body string, shortened []string) bool {
	return d.options.Limit <= 0 || len(body)+len(d.foot(shortened)) <= d.options.Limit
}

// body returns everything but the foot.
func (d *document) body() string {
	d.out.Reset()
	d.head()
	d.writeCauses()
	d.grid()
	d.writeChanges()
	d.remarks()
	return d.out.String()
}

// minimal returns the shortest text, without any of the report's own words.
func (d *document) minimal() string {
	verdict := d.verdict()
	text := string(verdict) + ": " + view.OutcomeText(verdict, view.CountCells(d.Cells), len(d.Report.Causes))
	if long := verdictSign(verdict) + " **" + text + "**\n\nThe rest does not fit here.\n"; len(long) <= d.options.Limit {
		return long
	}
	return text[:min(len(text), max(0, d.options.Limit-1))] + "\n"
}

// block appends lines, with an empty line after them.
func (d *document) block(lines ...string) {
	for _, line := range lines {
		// The text may go to stdout, where GitHub's runner could take a line for a command.
		d.out.WriteString(clean.Line(strings.TrimRight(line, " ")))
		d.out.WriteByte('\n')
	}
	d.out.WriteByte('\n')
}

// folded appends content that a reader must unfold. The title is HTML.
func (d *document) folded(title string, content func()) {
	d.block("<details><summary>" + title + "</summary>")
	content()
	d.block("</details>")
}

// names lists cells up to the limit and counts the others.
func (d *document) names(cells []string) string {
	n := min(len(cells), d.limits.cells)
	var list []string
	for _, id := range cells[:n] {
		list = append(list, code(id))
	}
	if more := len(cells) - n; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}
