package table

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/flakeci/flakeci/reports/view"
)

// name shortens a host's or user's name, so that one does not push all else out
// of sight.
func (p *page) name(s string) string {
	if p.options.Width > 0 {
		return view.Fit(s, 32)
	}
	return view.Fit(s, 80)
}

// grid appends the sheet: with all that its marks can say if that fits, else
// with as much as does and a legend, else in several parts as well.
func (p *page) grid(s *view.Layout, x view.CauseIndex) error {
	if len(s.Rows) == 0 {
		return nil
	}
	var k view.Labeler
	var widths []int
	for _, d := range []view.Detail{view.DetailFull, view.DetailBrief, view.DetailSigns} {
		k = view.Labeler{Index: x, Detail: d}
		if widths = p.widths(s, k); p.fitting(widths) == len(widths) {
			break
		}
	}
	for rest := s.Columns(); ; {
		n := max(p.fitting(widths)-1, min(1, len(rest))) // of these the first is the hosts' own
		lines, err := p.part(s, k, rest[:n])
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
	p.legend(s, k)
	return nil
}

// between is what stands between two columns.
const between = "   "

// widths are those of the columns, the hosts' first.
func (p *page) widths(s *view.Layout, k view.Labeler) []int {
	list := []int{view.Width("host")}
	for _, w := range s.Rows {
		list[0] = max(list[0], view.Width(p.name(w.Title())))
	}
	for _, c := range s.Columns() {
		width := view.Width(p.name(c.Title))
		for _, w := range s.Rows {
			width = max(width, view.Width(k.Place(c.Cells(w)).String()))
		}
		list = append(list, width)
	}
	return list
}

// fitting returns how many columns of such widths fit beside each other.
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

// part renders some columns of the sheet.
func (p *page) part(s *view.Layout, k view.Labeler, columns []view.Column) ([]string, error) {
	header := []string{"host"}
	for _, c := range columns {
		header = append(header, p.name(c.Title))
	}
	var rows [][]string
	for _, w := range s.Rows {
		line := []string{p.name(w.Title())}
		for _, c := range columns {
			m := k.Place(c.Cells(w))
			line = append(line, p.in(m.Tone, m.String()))
		}
		rows = append(rows, line)
	}
	return p.table(header, rows)
}

// table renders rows without lines and borders. A header is shown quietly; nil
// means none.
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
	// The library ends a coloured line's columns once more behind their padding.
	text := strings.ReplaceAll(b.String(), " \x1b[0m", " ")
	return strings.Split(strings.TrimRight(text, "\n"), "\n"), nil
}

// legend explains the signs that stand alone in a grid.
func (p *page) legend(s *view.Layout, k view.Labeler) {
	if k.Detail == view.DetailFull {
		return
	}
	signs := map[string]bool{}
	for _, w := range s.Rows {
		for _, c := range s.Columns() {
			signs[k.Place(c.Cells(w)).Sign] = true
		}
	}
	var known []string
	for _, entry := range []struct{ sign, means string }{
		{view.SignPassed, "built"},
		{view.SignFailed, "failed"},
		{view.SignError, "error"},
		{view.SignSame, "cached, or the same as another"},
		{view.SignPartial, "only evaluated"},
		{view.SignSkipped, "skipped or canceled"},
		{view.SignNone, "none"},
	} {
		if signs[entry.sign] {
			known = append(known, entry.sign+" "+entry.means)
		}
	}
	p.gap()
	for _, line := range view.Fill(known, ",", p.room(0)) {
		p.add(p.in(view.Quiet, line))
	}
}
