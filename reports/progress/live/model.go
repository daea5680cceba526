package live

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// How often the view checks for changes, and how often it may draw: keys must feel quick.
const (
	look  = 200 * time.Millisecond
	frame = 100 * time.Millisecond
)

// model draws the view and handles keys for bubbletea.
type model struct {
	board   *board
	options Options
	plan    plan
	ink     ink

	width, height int
	selected      string // key of an item; empty for none
	place         int    // the selected item's last index, in case it disappears
	pane          *pane  // nil for the overview
	grid          gridView
	nameWidth     int  // of what is running; it never shrinks
	interrupted   bool // what is running is being stopped
	killing       bool // what is still running is being killed

	// drawn is the last picture, with the second and the number of changes it shows. If it
	// is empty, the view must draw again.
	drawn   string
	changes uint64
	second  int64
}

func newModel(b *board, o Options) *model {
	return &model{board: b, options: o, plan: newPlan(o), ink: ink(o.Color), width: 80, height: 24}
}

// tickMsg says that it is time to check for changes.
type tickMsg struct{}

func tick() tea.Cmd { return tea.Tick(look, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init implements [tea.Model].
func (m *model) Init() tea.Cmd { return tick() }

// Update implements [tea.Model].
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.board.mu.Lock()
	defer m.board.mu.Unlock()
	switch msg := msg.(type) {
	case tickMsg:
		if !m.interrupted && m.options.Stopping() {
			m.interrupted, m.drawn = true, ""
		}
		return m, tick()
	case tea.WindowSizeMsg:
		m.width, m.height, m.drawn = msg.Width, msg.Height, ""
		if m.pane != nil {
			m.pane.explain(m.width)
		}
	case tea.KeyPressMsg:
		m.drawn = ""
		return m, m.key(msg.String())
	case logMsg:
		if m.pane != nil && m.pane.item.key == msg.key {
			m.pane.more, m.drawn = msg.lines, ""
		}
	}
	return m, nil
}

// View implements [tea.Model]. It draws again only if something changed.
func (m *model) View() tea.View {
	m.board.mu.Lock()
	defer m.board.mu.Unlock()
	changes, second := m.board.changes, m.board.now().Unix()
	if m.drawn == "" || changes != m.changes || second != m.second {
		m.drawn, m.changes, m.second = m.draw(), changes, second
	}
	v := tea.NewView(m.drawn)
	v.AltScreen = true
	return v
}

// draw draws a picture that fits the terminal, however small.
func (m *model) draw() string {
	draw := m.overview
	if m.pane != nil {
		draw = m.drawPane
	}
	lines := draw()
	lines = lines[:min(len(lines), m.height)]
	for i := range lines {
		lines[i] = fit(lines[i], m.width)
	}
	return strings.Join(lines, "\n")
}

// items lists what the user can select.
func (m *model) items() []item { return slices.Concat(m.board.failing(), m.board.going()) }

// settle keeps the selection at its index when the selected item disappears.
func (m *model) settle(items []item) {
	if m.selected == "" {
		return
	}
	at := slices.IndexFunc(items, func(i item) bool { return i.key == m.selected })
	switch {
	case at >= 0:
		m.place = at
	case len(items) == 0:
		m.selected = ""
	default:
		m.place = min(m.place, len(items)-1)
		m.selected = items[m.place].key
	}
}
