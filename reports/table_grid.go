package reports

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// name shortens a host's or user's name, so that one does not push all else out
// of sight.
func (p *page) name(s string) string {
	if p.options.Width > 0 {
		return fit(s, 32)
	}
	return fit(s, 80)
}

// grid appends the sheet: with all that its marks can say if that fits, else
// with as much as does and a legend, else in several parts as well.
func (p *page) grid(s *sheet, x index) error {
	if len(s.rows) == 0 {
		return nil
	}
	var k marker
	var widths []int
	for _, d := range []detail{inFull, inBrief, signsOnly} {
		k = marker{index: x, detail: d}
		if widths = p.widths(s, k); p.fitting(widths) == len(widths) {
			break
		}
	}
	for rest := s.columns(); ; {
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
func (p *page) widths(s *sheet, k marker) []int {
	list := []int{widthOf("host")}
	for _, w := range s.rows {
		list[0] = max(list[0], widthOf(p.name(w.title())))
	}
	for _, c := range s.columns() {
		width := widthOf(p.name(c.title))
		for _, w := range s.rows {
			width = max(width, widthOf(k.place(c.cells(w)).String()))
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
func (p *page) part(s *sheet, k marker, columns []column) ([]string, error) {
	header := []string{"host"}
	for _, c := range columns {
		header = append(header, p.name(c.title))
	}
	var rows [][]string
	for _, w := range s.rows {
		line := []string{p.name(w.title())}
		for _, c := range columns {
			m := k.place(c.cells(w))
			line = append(line, p.in(m.tone, m.String()))
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
		table.Header(each(header, func(name string) string { return p.in(quiet, name) }))
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
func (p *page) legend(s *sheet, k marker) {
	if k.detail == inFull {
		return
	}
	signs := map[string]bool{}
	for _, w := range s.rows {
		for _, c := range s.columns() {
			signs[k.place(c.cells(w)).sign] = true
		}
	}
	var known []string
	for _, entry := range []struct{ sign, means string }{
		{signPassed, "built"},
		{signFailed, "failed"},
		{signError, "error"},
		{signSame, "cached, or the same as another"},
		{signPartial, "only evaluated"},
		{signSkipped, "skipped or canceled"},
		{signNone, "none"},
	} {
		if signs[entry.sign] {
			known = append(known, entry.sign+" "+entry.means)
		}
	}
	p.gap()
	for _, line := range fill(known, ",", p.room(0)) {
		p.add(p.in(quiet, line))
	}
}
