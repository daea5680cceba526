package reports

import (
	"slices"
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
	for _, d := range []detail{inFull, inBrief, signsOnly} {
		k := marker{index: x, detail: d}
		lines, err := p.part(s, k, s.columns())
		if err != nil {
			return err
		}
		if fits(lines, p.room(0)) {
			p.add(lines...)
			p.legend(s, k)
			return nil
		}
	}
	return p.parts(s, marker{index: x, detail: signsOnly})
}

// parts appends the grid with its columns in as many tables as it takes.
func (p *page) parts(s *sheet, k marker) error {
	rest := s.columns()
	for len(rest) > 0 {
		n := len(rest)
		lines, err := p.part(s, k, rest[:n])
		for err == nil && n > 1 && !fits(lines, p.room(0)) {
			n--
			lines, err = p.part(s, k, rest[:n])
		}
		if err != nil {
			return err
		}
		p.gap()
		p.add(lines...)
		rest = rest[n:]
	}
	p.legend(s, k)
	return nil
}

// column is one of a grid's, without that of the hosts.
type column struct {
	title string
	cells func(row) []Cell
}

func (s *sheet) columns() []column {
	var list []column
	if s.anySystem() {
		list = append(list, column{"system", func(w row) []Cell { return w.system }})
	}
	if s.anyVM() {
		list = append(list, column{"vm", func(w row) []Cell { return w.vm }})
	}
	for _, user := range s.users {
		list = append(list, column{user, func(w row) []Cell { return w.homes[user] }})
	}
	return list
}

// part renders some columns of the sheet.
func (p *page) part(s *sheet, k marker, columns []column) ([]string, error) {
	header := []string{"host"}
	for _, c := range columns {
		header = append(header, p.name(c.title))
	}
	var rows [][]string
	for _, w := range s.rows {
		line := []string{p.name(w.name)}
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
		tablewriter.WithPadding(tw.Padding{Right: "   ", Overwrite: true}),
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

// fits reports whether lines are no wider than that; 0 means no limit.
func fits(lines []string, width int) bool {
	return width <= 0 || !slices.ContainsFunc(lines, func(line string) bool {
		return widthOf(strings.TrimRight(line, " ")) > width
	})
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
