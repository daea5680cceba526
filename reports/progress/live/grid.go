package live

import (
	"fmt"
	"slices"
	"strings"
)

// between separates columns.
const between = "   "

// detail is how much the grid says.
type detail int

const (
	inFull detail = iota
	inBrief
	strip // only signs, without gaps between users
)

// gridView remembers the widths of columns, so that they do not change every second with
// the times shown.
type gridView struct {
	widths map[detail][]int
}

// draw fits the grid into the columns and lines, with the other kinds below if that leaves
// two rows. If there are too many rows, finished ones are dropped first, and running or
// failed ones last.
func (v *gridView) draw(b *board, i ink, columns, lines int) []string {
	others := b.others(i)
	titles, rows := b.layout().Columns, b.gridRows()
	if len(rows) == 0 {
		return others[:min(len(others), lines)]
	}
	if lines < min(len(rows), 2)+2+len(others) {
		others = nil
	}
	room := lines - 1
	if len(others) > 0 {
		room -= len(others) + 1
		others = append([]string{""}, others...)
	}
	d, widths := v.choose(titles, rows, columns)
	out := []string{head(titles, d, widths, i)}
	rows, rest := condense(rows, room)
	for _, row := range rows {
		out = append(out, row.line(d, widths, i))
	}
	if rest != "" {
		out = append(out, i.in(quiet, rest))
	}
	return append(out, others...)
}

// gridHeight returns how many lines the whole grid takes.
func (b *board) gridHeight() int {
	rows, others := len(b.layout().Rows), len(b.layout().Others)
	switch {
	case rows == 0:
		return others
	case others == 0:
		return rows + 1
	}
	return rows + 1 + 1 + others
}

// choose finds the most detail that fits into the columns.
func (v *gridView) choose(titles []string, rows []gridRow, columns int) (detail, []int) {
	for d := inFull; d < strip; d++ {
		widths := v.measure(titles, rows, d)
		total := -len(between)
		for _, w := range widths {
			total += w + len(between)
		}
		if total <= columns {
			return d, widths
		}
	}
	name := 0
	for _, row := range rows {
		name = max(name, width(row.name))
	}
	return strip, []int{min(max(name, width("host")), max(columns/2, 8))}
}

// measure returns the widths of the columns, that of the hosts first.
func (v *gridView) measure(titles []string, rows []gridRow, d detail) []int {
	const longestName = 32
	widths := []int{width("host")}
	for _, title := range titles {
		widths = append(widths, min(width(title), longestName))
	}
	for _, row := range rows {
		widths[0] = max(widths[0], min(width(row.name), longestName))
		for k, p := range row.places {
			widths[k+1] = max(widths[k+1], width(p.words(d)))
		}
	}
	if v.widths == nil {
		v.widths = map[detail][]int{}
	}
	if before := v.widths[d]; len(before) == len(widths) {
		for k := range widths {
			widths[k] = max(widths[k], before[k])
		}
	}
	v.widths[d] = slices.Clone(widths)
	return widths
}

func (p place) words(d detail) string {
	text := map[detail]string{inFull: p.text, inBrief: p.brief}[d]
	return strings.TrimSpace(p.sign + " " + text)
}

func head(titles []string, d detail, widths []int, i ink) string {
	if d == strip {
		return i.in(quiet, pad("host", widths[0])+" "+order(titles))
	}
	line := pad("host", widths[0])
	for k, title := range titles {
		line += between + pad(title, widths[k+1])
	}
	return i.in(quiet, strings.TrimRight(line, " "))
}

// order names the columns of signs without gaps.
func order(titles []string) string {
	var own []string
	for len(titles) > 0 && (titles[0] == "system" || titles[0] == "vm") {
		own, titles = append(own, titles[0]), titles[1:]
	}
	switch n := len(titles); {
	case n == 1:
		own = append(own, titles[0])
	case n > 1:
		own = append(own, fmt.Sprintf("%d users", n))
	}
	return strings.Join(own, ", ")
}

func (r gridRow) line(d detail, widths []int, i ink) string {
	line := pad(r.name, widths[0])
	if d == strip {
		line += " "
		for _, p := range r.places {
			line += i.in(p.sgr, p.sign)
		}
		return line
	}
	for k, p := range r.places {
		words := p.words(d)
		line += between + i.in(p.sgr, words) + strings.Repeat(" ", max(0, widths[k+1]-width(words)))
	}
	return strings.TrimRight(line, " ")
}
