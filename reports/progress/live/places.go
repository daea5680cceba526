package live

import (
	"fmt"
	"strings"
)

// signRuns marks what is running. The other signs are those of the table.
const signRuns = "▸"

// state is the progress of a row's cells.
type state int

const (
	waiting state = iota
	passed
	failed
	running
)

// place is the place of one row and one column: a sign, one column wide, and a text, or brief
// if there is little room. The number of the terminal color is sgr, empty for none.
type place struct {
	cells                  []string // ids
	sign, text, brief, sgr string
	state                  state
}

// gridRow is a row of the grid with a place for each column.
type gridRow struct {
	name   string
	places []place
	state  state
}

// gridRows returns the rows of the table, with running phases in their places.
func (b *board) gridRows() []gridRow {
	var rows []gridRow
	for _, laidOut := range b.layout().Rows {
		row := gridRow{name: laidOut.name, state: passed}
		for _, p := range laidOut.places {
			p = b.withProgress(p)
			row.places = append(row.places, p)
			switch {
			case len(p.cells) == 0:
			case p.state == running, p.state == failed && row.state != running:
				row.state = p.state
			case p.state == waiting && row.state == passed:
				row.state = waiting
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// withProgress returns a place with how far its cells are.
func (b *board) withProgress(p place) place {
	p.state = passed
	for _, id := range p.cells {
		c := b.Cells[id]
		switch {
		case c.Now != nil:
			took := clock(b.now().Sub(c.Now.Since))
			word, _, _ := strings.Cut(c.Now.Name(), ":")
			return place{cells: p.cells, sign: signRuns, text: word + " " + took, brief: took, sgr: active, state: running}
		case c.Failed():
			p.state = failed
		case !c.Finished() && p.state == passed:
			p.state, p.sgr = waiting, quiet
		}
	}
	return p
}

// others shows the progress of kinds that have no place in the grid.
func (b *board) others(i ink) []string {
	var lines []string
	for _, kind := range b.layout().Others {
		var finished, failed, running int
		for _, id := range kind.Cells {
			switch c := b.Cells[id]; {
			case c.Now != nil:
				running++
			case c.Finished():
				finished++
			}
			if b.Cells[id].Failed() {
				failed++
			}
		}
		line := i.in(quiet, pad(kind.Title, len("dev shells"))) + fmt.Sprintf("   %d of %d", finished, len(kind.Cells))
		if failed > 0 {
			line += ", " + i.in(bad, fmt.Sprintf("%d failed", failed))
		}
		if running > 0 {
			line += ", " + i.in(active, fmt.Sprintf("%d running", running))
		}
		lines = append(lines, line)
	}
	return lines
}
