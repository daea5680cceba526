package live

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
)

// The signs of what is not finished; the others are those of the table.
const (
	signRuns  = "▸"
	signWaits = "•"
)

// state is how far the cells of a row are.
type state int

const (
	waiting state = iota
	passed
	failed
	running
)

// place is a place of the grid as it is shown. Detail is how much of the text
// there is room for.
type place struct {
	sign, text, brief, sgr string
	state                  state
}

// gridRow is a row as it is shown.
type gridRow struct {
	name   string
	places []place
	state  state
}

// gridRows are those of the table, with what runs put in.
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

func (b *board) place(at view.LivePlace) place {
	p := place{sign: at.Label.Sign, text: at.Label.Text, brief: at.Label.Brief, sgr: at.Label.SGR, state: passed}
	for _, id := range at.Cells {
		c := b.cells[id]
		switch {
		case c.now != nil:
			took := clock(b.now().Sub(c.now.since))
			word, _, _ := strings.Cut(c.now.phase, ":")
			return place{sign: signRuns, text: word + " " + took, brief: took, sgr: active, state: running}
		case c.failed():
			p.state = failed
		case !c.finished && p.state == passed:
			p.state, p.sgr = waiting, quiet
		}
	}
	return p
}

// others say how far the kinds are that have no place in the grid.
func (b *board) others(i ink) []string {
	var lines []string
	for _, kind := range b.layout().Others {
		var finished, failed, running int
		for _, id := range kind.Cells {
			switch c := b.cells[id]; {
			case c.now != nil:
				running++
			case c.finished:
				finished++
			}
			if b.cells[id].failed() {
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
