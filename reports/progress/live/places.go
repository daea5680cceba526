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

// place is a place of the grid. Brief replaces text where there is little room.
type place struct {
	sign, text, brief, sgr string
	state                  state
}

// gridRow is a row of the grid.
type gridRow struct {
	name   string
	places []place
	state  state
}

// gridRows returns the rows of the table, with running phases in their places.
func (b *board) gridRows() []gridRow {
	var rows []gridRow
	for _, w := range b.layout().Rows {
		row := gridRow{name: w.Name, state: passed}
		for _, at := range w.Places {
			p := b.place(at)
			row.places = append(row.places, p)
			switch {
			case len(at.Cells) == 0:
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

func (b *board) place(at layoutPlace) place {
	p := place{sign: at.Label.Sign, text: at.Label.Text, brief: at.Label.Brief, sgr: at.Label.SGR, state: passed}
	for _, id := range at.Cells {
		c := b.Cells[id]
		switch {
		case c.Now != nil:
			took := clock(b.now().Sub(c.Now.Since))
			word, _, _ := strings.Cut(c.Now.Name(), ":")
			return place{sign: signRuns, text: word + " " + took, brief: took, sgr: active, state: running}
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
