package table

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/flakeci/flakeci/reports/view"
)

// name shortens the name of a host or user, so that a long one does not push everything else
// out of sight.
func (p *page) name(s string) string {
	if p.options.Width > 0 {
		return view.Fit(s, 32)
	}
	return view.Fit(s, 80)
}

// grid appends the grid, then the homes that have no place in it.
func (p *page) grid(layout *view.Layout, index view.CauseIndex) error {
	if err := p.rows(layout.Rows, layout.Columns(), index); err != nil {
		return err
	}
	return p.anywhere(layout.Anywhere, index)
}

// manyRows is how many hosts a reader goes through. A table of 1,000 had its 60 failures somewhere.
const manyRows = 100

// shortGrid is grid without most of the hosts with nothing to look at, if there are many hosts.
func (p *page) shortGrid(layout *view.Layout, index view.CauseIndex) error {
	if len(layout.Rows) <= manyRows {
		return p.grid(layout, index)
	}
	columns := layout.Columns()
	notable, quiet := view.Labeler{Index: index}.Notable(layout.Rows, columns)
	shown := notable[:min(len(notable), manyRows)]
	if err := p.rows(shown, columns, index); err != nil {
		return err
	}
	p.gap()
	if more := len(notable) - len(shown); more > 0 {
		p.add("… and " + view.Count(more, "more host"))
	}
	if len(quiet) > 0 {
		p.add("… and " + view.Count(len(quiet), "host") + " with nothing to report")
	}
	return p.anywhere(layout.Anywhere, index)
}

// rows appends rows with full labels if they fit, else with shorter ones and a legend. If they are
// still too wide, they are split into several parts.
func (p *page) rows(rows []view.Row, columns []view.Column, index view.CauseIndex) error {
	if len(rows) == 0 {
		return nil
	}
	var labeler view.Labeler
	var widths []int
	for _, d := range []view.Detail{view.DetailFull, view.DetailBrief, view.DetailSigns} {
		labeler = view.Labeler{Index: index, Detail: d}
		if widths = p.widths(rows, columns, labeler); p.fitting(widths) == len(widths) {
			break
		}
	}
	for rest := columns; ; {
		n := max(p.fitting(widths)-1, min(1, len(rest))) // without the column of hosts
		lines, err := p.part(rows, labeler, rest[:n])
		if err != nil {
			return err
		}
		p.gap()
		p.add(lines...)
		if rest = rest[n:]; len(rest) == 0 {
			break
		}
		widths = append(widths[:1], widths[1+n:]...)
	}
	p.legend(rows, columns, labeler)
	return nil
}

// between separates two columns.
const between = "   "

// widths returns the widths of the columns, beginning with that of the hosts.
func (p *page) widths(rows []view.Row, columns []view.Column, labeler view.Labeler) []int {
	list := []int{view.Width("host")}
	for _, row := range rows {
		list[0] = max(list[0], view.Width(p.name(row.Title())))
	}
	for _, c := range columns {
		width := view.Width(p.name(c.Title))
		for _, row := range rows {
			width = max(width, view.Width(c.Place(row, labeler).String()))
		}
		list = append(list, width)
	}
	return list
}

// fitting returns how many columns of these widths fit side by side.
func (p *page) fitting(widths []int) int {
	total := 0
	for i, width := range widths {
		total += width
		if p.room(0) > 0 && total > p.room(0) {
			return i
		}
		total += len(between)
	}
	return len(widths)
}

// part renders some columns of the grid.
func (p *page) part(rows []view.Row, labeler view.Labeler, columns []view.Column) ([]string, error) {
	header := []string{"host"}
	for _, c := range columns {
		header = append(header, p.name(c.Title))
	}
	var lines [][]string
	for _, row := range rows {
		line := []string{p.name(row.Title())}
		for _, c := range columns {
			label := c.Place(row, labeler)
			line = append(line, p.in(label.Tone, label.String()))
		}
		lines = append(lines, line)
	}
	return p.table(header, lines)
}

// table renders rows without lines and borders, below a quiet header unless it is nil.
func (p *page) table(header []string, rows [][]string) ([]string, error) {
	var b strings.Builder
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithPadding(tw.Padding{Right: between, Overwrite: true}),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithEastAsian(tw.Off),
	)
	if header != nil {
		table.Header(view.Map(header, func(name string) string { return p.in(view.Quiet, name) }))
	}
	if err := table.Bulk(rows); err != nil {
		return nil, err
	}
	if err := table.Render(); err != nil {
		return nil, err
	}
	// In a colored column, the library repeats the end of the color after the padding.
	text := strings.ReplaceAll(b.String(), " \x1b[0m", " ")
	return strings.Split(strings.TrimRight(text, "\n"), "\n"), nil
}

// legend explains the signs of a grid without full labels.
func (p *page) legend(rows []view.Row, columns []view.Column, labeler view.Labeler) {
	if labeler.Detail == view.DetailFull {
		return
	}
	signs := map[string]bool{}
	for _, row := range rows {
		for _, c := range columns {
			signs[c.Place(row, labeler).Sign] = true
		}
	}
	var entries []string
	for _, entry := range []struct{ sign, meaning string }{
		{view.SignPassed, "built"},
		{view.SignFailed, "failed"},
		{view.SignError, "error"},
		{view.SignSame, "cached, or the same as another"},
		{view.SignPartial, "only evaluated"},
		{view.SignSkipped, "skipped or canceled"},
		{view.SignNone, "none"},
	} {
		if signs[entry.sign] {
			entries = append(entries, entry.sign+" "+entry.meaning)
		}
	}
	p.gap()
	for _, line := range view.Fill(entries, ",", p.room(0)) {
		p.add(p.in(view.Quiet, line))
	}
}
