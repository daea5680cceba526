package live

import (
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/flakeci/flakeci/internal/safely"
)

// key handles a key.
func (m *model) key(name string) tea.Cmd {
	switch name {
	case "ctrl+c":
		m.interrupt()
		return nil
	case "ctrl+z":
		return suspend
	case "ctrl+l":
		return tea.ClearScreen
	}
	if m.pane != nil {
		m.paneKey(name)
		return nil
	}
	switch name {
	case "q":
		if !m.interrupted { // holding the key down must not kill the run
			m.interrupt()
		}
	case "down", "j", "tab":
		m.move(1)
	case "up", "k", "shift+tab":
		m.move(-1)
	case "home", "g":
		m.move(-len(m.items()))
	case "end", "G":
		m.move(len(m.items()))
	case "esc":
		m.selected = ""
	case "enter", "right", "l":
		items := m.items()
		if len(items) == 0 {
			return nil
		}
		if m.selected == "" {
			m.selected = items[0].key
		}
		m.settle(items)
		return m.open(items[m.place])
	}
	return nil
}

// suspend stops flakeci, and continues at once where that is impossible: the kernel does not stop
// a process that no shell could continue, as under ssh or in a container, and bubbletea would wait
// forever. On a busy machine the wait may begin late.
func suspend() tea.Msg {
	safely.Go(func() {
		for range 10 {
			time.Sleep(suspending)
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGCONT)
		}
	})
	return tea.Suspend()
}

// suspending is longer than it takes to stop flakeci, which then sends nothing until
// somebody continues it.
const suspending = 700 * time.Millisecond

// move selects another item, or the first if none was selected.
func (m *model) move(by int) {
	items := m.items()
	if len(items) == 0 {
		return
	}
	if m.selected == "" {
		m.place, by = 0, max(by-1, 0)
	}
	m.settle(items)
	m.place = min(max(m.place+by, 0), len(items)-1)
	m.selected = items[m.place].key
}

func (m *model) paneKey(name string) {
	lines := m.paneLines()
	by, scrolls := map[string]int{
		"down": 1, "j": 1, "up": -1, "k": -1,
		"pgdown": lines, "space": lines, "ctrl+f": lines, "pgup": -lines, "b": -lines, "ctrl+b": -lines,
		"home": -toEnd, "g": -toEnd, "end": toEnd, "G": toEnd,
	}[name]
	switch {
	case scrolls:
		m.pane.scroll(by, m.width, lines)
	case name == "esc", name == "q", name == "left", name == "h", name == "backspace", name == "enter":
		m.pane = nil
	}
}

// interrupt acts like Ctrl-C without a view.
func (m *model) interrupt() {
	m.killing = m.interrupted // by a key or by a signal
	m.interrupted = true
	m.options.Interrupt()
}

// help returns the line that lists the keys, or says that the run is stopping.
func (m *model) help() []string {
	if m.height < 5 {
		return nil
	}
	text := "↑↓ move   enter log   q interrupt"
	switch {
	case m.killing:
		return []string{m.ink.in(warn, fit("killing what is still running", m.width))}
	case m.interrupted:
		return []string{m.ink.in(warn, fit("interrupted, stopping what is running   ctrl+c kills it", m.width))}
	case m.pane != nil:
		text = "↑↓ pgup pgdn scroll   end follow   esc back"
		if m.width < 46 {
			text = "esc back"
		}
	case m.width < 36:
		text = "↑↓ enter  q stop"
	}
	return []string{m.ink.in(quiet, fit(text, m.width))}
}
