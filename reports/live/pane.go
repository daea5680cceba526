package live

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix"
)

// pane is the log of one thing, or what else is known of it, on the whole
// screen.
type pane struct {
	item item
	// text is what stands before the log; more is the log itself where it does not
	// grow any more. A builder's own is read as it grows.
	text, more []string
	follow     bool // stays at the end
	top        int  // number of the first line that is shown, if not
}

// logMsg is a log that was read from a file.
type logMsg struct {
	key   string
	lines []string
}

// open makes the pane of an item, and reads what is in a file for it.
func (m *model) open(i item) tea.Cmd {
	m.pane = &pane{item: i, follow: i.builder != nil}
	f := i.fault
	if f == nil {
		return nil
	}
	title, victims := f.words()
	p := m.pane
	if width(title) > m.width-20 { // else it stands above
		p.text = append(p.text, title)
	}
	for _, line := range []string{victims, f.cause.Hint} {
		if line != "" {
			p.text = append(p.text, "  "+clean.Clean(line))
		}
	}
	if at := f.cause.Location; at != nil {
		p.text = append(p.text, fmt.Sprintf("  %s:%d", clean.Clean(at.File), at.Line))
	}
	if f.cause.Log == "" {
		p.more = split(f.cause.LogTail)
		if len(p.more) == 0 {
			p.more = split(f.cause.Message)
		}
		return nil
	}
	p.text = append(p.text, "  full log: "+clean.Clean(f.cause.Log))
	p.follow = true
	return func() tea.Msg {
		lines, err := tailOf(f.cause.Log)
		if err != nil {
			lines = split(f.cause.LogTail)
		}
		return logMsg{f.id, lines}
	}
}

// The lines of a pane have numbers; those from begin to before end are there.

func (p *pane) begin() int {
	if x := p.item.builder; x != nil {
		return x.log.dropped
	}
	return 0
}

func (p *pane) end() int {
	if x := p.item.builder; x != nil {
		return x.log.end()
	}
	return len(p.text) + len(p.more)
}

// at gives the line of a number, in a form that is safe to show.
func (p *pane) at(i int) string {
	switch n := len(p.text); {
	case p.item.builder != nil:
		return logLine(p.item.builder.log.at(i))
	case i < n:
		return p.text[i]
	default:
		return "  " + logLine(p.more[i-n])
	}
}

// last is the greatest number that the first line of the screen may have.
func (p *pane) last(columns, lines int) int {
	i := p.end()
	for room := lines; i > p.begin(); i-- {
		if room -= len(wrap(p.at(i-1), columns)); room < 0 {
			break
		}
	}
	return min(i, max(p.end()-1, p.begin()))
}

// window are the lines that are on the screen.
func (p *pane) window(columns, lines int) []string {
	last := p.last(columns, lines)
	if p.top >= last {
		p.top = last
	}
	p.top = max(p.top, p.begin())
	if p.follow {
		p.top = last
	}
	var out []string
	for i := p.top; i < p.end() && len(out) < lines; i++ {
		out = append(out, wrap(p.at(i), columns)...)
	}
	return out[:min(len(out), lines)]
}

// scroll moves by some lines. At the end it stays at the end.
func (p *pane) scroll(by, columns, lines int) {
	last := p.last(columns, lines)
	if p.follow {
		p.top = last
	}
	p.top = min(max(p.top+by, p.begin()), last)
	p.follow = p.item.builder != nil && p.top == last && by > 0 || p.follow && by > 0
}

// draw shows the pane.
func (m *model) drawPane() []string {
	p := m.pane
	help := m.help()
	lines := max(m.height-1-len(help), 1)
	window := p.window(m.width, lines)
	if len(window) == 0 {
		window = []string{m.ink.in(quiet, fit(m.silence(), m.width))}
	}
	for len(window) < lines {
		window = append(window, "")
	}
	out := append([]string{m.paneTitle()}, window...)
	return append(out, help...)
}

// silence says why there is nothing to read.
func (m *model) silence() string {
	switch {
	case m.pane.item.builder != nil:
		return "nothing written yet"
	case m.pane.item.activity != nil:
		return "the log of what builds is with its builder; other phases write none"
	}
	return "no log"
}

func (m *model) paneTitle() string {
	p := m.pane
	b := m.board
	var left, right string
	switch i := p.item; {
	case i.builder != nil:
		left = clean.Clean(nix.DrvName(i.builder.drv))
		right = "running " + clock(i.builder.elapsed(b.now()))
		if i.builder.ended {
			right = "ended after " + clock(i.builder.took)
		}
	case i.activity != nil:
		g := b.describe(i, m.plan)
		left, right = g.name, g.phase+" "+g.took
		if i.activity.cell.now != i.activity {
			right = "ended"
		}
	default:
		left = b.sign(i.fault) + " " + clean.Clean(i.fault.cause.Title)
	}
	if !p.follow && p.end() > 0 {
		right = strings.TrimPrefix(right+", ", ", ") + fmt.Sprintf("line %d of %d", p.top+1, p.end())
	}
	return m.ink.in("7", ends(" "+fit(left, m.width-width(right)-4), right+" ", m.width))
}
