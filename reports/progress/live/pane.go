package live

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
)

// pane shows one item on the full screen: its log, or what else is known about it.
type pane struct {
	item item
	// text comes before the log; more is the log if it is complete. A builder's log is read
	// as it grows.
	text, more []string
	follow     bool // stay at the end
	top        spot // otherwise the first row on the screen
}

// spot is a row of a pane. A line may be wrapped into many rows.
type spot struct{ line, row int }

func (s spot) before(t spot) bool {
	return s.line < t.line || s.line == t.line && s.row < t.row
}

// logMsg carries a log that was read from a file.
type logMsg struct {
	key   string
	lines []string
}

// open opens the pane of an item, and reads its log if that is a file.
func (m *model) open(i item) tea.Cmd {
	m.pane = &pane{item: i, follow: i.builder != nil}
	f := i.fault
	if f == nil {
		return nil
	}
	p := m.pane
	p.explain(m.width)
	if f.cause.Log == "" {
		p.more = split(f.cause.LogTail)
		return nil
	}
	p.follow = true
	return func() tea.Msg {
		lines, err := tailOf(f.cause.Log)
		if err != nil {
			lines = split(f.cause.LogTail)
		}
		return logMsg{f.id, lines}
	}
}

// explain sets the text before the log of a fault, in the order of the report. The excerpt of the
// source is cut to the width of the screen.
func (p *pane) explain(columns int) {
	f := p.item.fault
	if f == nil {
		return
	}
	title, victims := f.words()
	p.text = nil
	if width(title) > columns-20 { // otherwise the title line has room for it
		p.text = append(p.text, title)
	}
	add := func(lines ...string) {
		for _, line := range lines {
			if line != "" {
				p.text = append(p.text, "  "+line)
			}
		}
	}
	c := view.Terminal().Cause(f.cause)
	add(victims)
	if at := c.Location; at != nil && at.File != "" {
		add("at " + at.String())
	}
	source, _ := view.Excerpt(c, columns-2)
	add(source...)
	add(view.Map(strings.Split(view.Details(c), "\n"), view.ExpandTabs)...)
	add(view.WithPrefix("hint: ", c.Hint), view.WithPrefix("full log: ", c.Log))
}

// Lines of a pane are numbered. Those from begin up to end, without end, are kept.

func (p *pane) begin() int {
	if x := p.item.builder; x != nil {
		return x.Log.Begin()
	}
	return 0
}

func (p *pane) end() int {
	if x := p.item.builder; x != nil {
		return x.Log.End()
	}
	return len(p.text) + len(p.more)
}

// at returns a line, safe to show.
func (p *pane) at(i int) string {
	switch n := len(p.text); {
	case p.item.builder != nil:
		return logLine(p.item.builder.Log.Line(i))
	case i < n:
		return p.text[i]
	default:
		return "  " + logLine(p.more[i-n])
	}
}

// rows returns how many rows a line needs.
func (p *pane) rows(i, columns int) int { return len(wrap(p.at(i), columns)) }

// last returns the last spot at which the screen may begin.
func (p *pane) last(columns, lines int) spot {
	i := p.end()
	for ; i > p.begin(); i-- {
		rows := p.rows(i-1, columns)
		if rows >= lines {
			return spot{i - 1, rows - lines}
		}
		lines -= rows
	}
	return spot{line: i}
}

// window returns the rows on the screen.
func (p *pane) window(columns, lines int) []string {
	p.settle(columns, lines)
	var out []string
	for i := p.top.line; i < p.end() && len(out) < p.top.row+lines; i++ {
		out = append(out, wrap(p.at(i), columns)...)
	}
	out = out[min(p.top.row, len(out)):]
	return out[:min(len(out), lines)]
}

// settle moves to a row that exists: the first lines may have been dropped, and lines wrap
// differently after the width changed.
func (p *pane) settle(columns, lines int) {
	if p.top.line < p.begin() {
		p.top = spot{line: p.begin()}
	}
	if p.top.row > 0 {
		p.top.row = min(p.top.row, p.rows(p.top.line, columns)-1)
	}
	if last := p.last(columns, lines); p.follow || last.before(p.top) {
		p.top = last
	}
}

// toEnd is more rows than there are.
const toEnd = 1 << 30

// scroll moves by some rows. Once at the end, it follows the end.
func (p *pane) scroll(by, columns, lines int) {
	p.settle(columns, lines)
	last := p.last(columns, lines)
	switch {
	case by <= -toEnd:
		p.top = spot{line: p.begin()}
	case by >= toEnd:
		p.top = last
	default:
		p.top = p.moved(by, columns)
	}
	if last.before(p.top) {
		p.top = last
	}
	p.follow = p.item.builder != nil && p.top == last && by > 0 || p.follow && by > 0
}

// moved returns the spot a number of rows further on, or back.
func (p *pane) moved(by, columns int) spot {
	at := spot{p.top.line, p.top.row + by}
	for at.row < 0 && at.line > p.begin() {
		at.line--
		at.row += p.rows(at.line, columns)
	}
	for at.line < p.end()-1 {
		rows := p.rows(at.line, columns)
		if at.row < rows {
			break
		}
		at.line, at.row = at.line+1, at.row-rows
	}
	return spot{at.line, max(at.row, 0)}
}

// drawPane draws the pane.
func (m *model) drawPane() []string {
	p := m.pane
	help := m.help()
	lines := m.paneLines()
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

// paneLines returns how many lines of the screen the log has.
func (m *model) paneLines() int { return max(m.height-1-len(m.help()), 1) }

// silence says why there is no log to read.
func (m *model) silence() string {
	switch {
	case m.pane.item.builder != nil:
		return "no output yet"
	case m.pane.item.activity != nil:
		return "a build's log is shown under its builder; other phases have no log"
	}
	return "no log"
}

func (m *model) paneTitle() string {
	p := m.pane
	b := m.board
	var left, right string
	switch i := p.item; {
	case i.builder != nil:
		left = clean.Clean(i.builder.Name())
		right = "running " + clock(i.builder.Elapsed(b.now()))
		if i.builder.Ended {
			right = "ended after " + clock(i.builder.Took)
		}
	case i.activity != nil:
		g := b.describe(i, m.plan)
		left, right = g.name, g.phase+" "+g.took
		if i.activity.Cell.Now != i.activity {
			right = "ended"
		}
	default:
		left = b.sign(i.fault) + " " + clean.Clean(i.fault.cause.Title)
	}
	if !p.follow && p.end() > 0 {
		place := fmt.Sprintf("line %d of %d", p.top.line+1, p.end())
		if right = strings.TrimPrefix(right+", "+place, ", "); width(right) > m.width*2/3 {
			right = place
		}
	}
	room := m.width - width(right) - 4
	if room < 3 { // drops the right side, not the name
		right, room = "", m.width-2
	}
	return m.ink.in("7", ends(" "+fit(left, room), right+" ", m.width))
}
