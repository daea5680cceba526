package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/progress"
	"github.com/flakeci/flakeci/reports/view"
)

// overview draws the whole run: its flake, its progress, the grid, what failed and what is
// running.
func (m *model) overview() []string {
	head := m.head()
	help := m.help()
	room := m.height - len(head) - len(help)
	failing, going := m.board.failing(), m.board.going()
	m.settle(slices.Concat(failing, going))
	gridLines, listLines := m.share(room, len(failing), len(going))
	var body []string
	if gridLines > 0 {
		body = append(body, m.grid.draw(m.board, m.ink, m.width, gridLines-1)...)
		body = append(body, "")
	}
	body = append(body, m.lists(failing, going, listLines)...)
	for len(body) < room {
		body = append(body, "")
	}
	return slices.Concat(head, body[:max(room, 0)], help)
}

// share divides the lines between the lists and the grid with its empty line below. If both
// do not fit, the lists get half of the lines or what the grid leaves. If there are few lines,
// the lists get all.
func (m *model) share(room, failing, going int) (grid, lists int) {
	lists = listed(failing, going)
	if grid = m.board.gridHeight(); grid > 0 {
		grid++
	}
	switch {
	case grid+lists <= room:
		return grid, room - grid
	case room < 8:
		return 0, room
	}
	lists = min(lists, max(room-grid, room/2))
	return room - lists, lists
}

// listed returns how many lines the lists take, with a title each and an empty line in
// between.
func listed(failing, going int) int {
	lines := 0
	for _, n := range []int{failing, going} {
		if n > 0 {
			lines += n + 2
		}
	}
	return max(lines-1, 0)
}

// head shows the flake and the progress of the run.
func (m *model) head() []string {
	finished, failed, all := m.board.Finished, m.board.Failed, len(m.board.Cells)
	elapsed := m.board.now().Sub(m.options.Started)
	if m.width < 50 || m.height < 10 {
		line := fmt.Sprintf("%d/%d", finished, all)
		if failed > 0 {
			line += m.ink.in(bad, fmt.Sprintf(" ✘%d", failed))
		}
		return []string{ends(line, clock(elapsed), m.width)}
	}
	f := m.options.Flake
	what := m.ink.in(strong, "flakeci") + "  " + clean.Clean(f.Ref)
	if rev := clean.Clean(f.Rev); rev != "" {
		what += "  rev " + rev[:min(7, len(rev))]
	}
	if f.Dirty {
		what += " (dirty)"
	}
	if m.options.Nix != "" {
		what += "   nix " + clean.Clean(m.options.Nix)
	}
	right := clock(elapsed)
	if left, known := m.plan.left(m.board); known && finished < all {
		right += ", " + soon(left)
	}
	count := fmt.Sprintf("%d of %d cells", finished, all)
	if failed > 0 {
		count += ", " + m.ink.in(bad, fmt.Sprintf("%d failed", failed))
	}
	// It reserves room for the longest count, so that the bar keeps its length.
	room := m.width - width(fmt.Sprintf("%d of %d cells, %d failed", all, all, all)) - 2
	return []string{
		ends(fit(what, m.width-width(right)-2), right, m.width),
		ends(m.bar(finished, failed, all, room), count, m.width),
		m.ink.in(quiet, fit(m.asking(), m.width)),
	}
}

// asking says that cells are waiting for an answer from Nix, if that takes long.
func (m *model) asking() string {
	const some = 2 * time.Second
	if took := m.board.now().Sub(m.board.Planning); !m.board.Planning.IsZero() && took >= some {
		return progress.Asking(clock(took))
	}
	return ""
}

// soon says how long something will still take, rounded.
func soon(left time.Duration) string {
	switch {
	case left < 2*time.Second:
		return "nearly done"
	case left < time.Minute:
		return "about " + left.Round(time.Second).String() + " left"
	case left < time.Hour:
		return fmt.Sprintf("about %dm left", (left+30*time.Second)/time.Minute)
	}
	return "about " + view.FormatDuration(left.Round(5*time.Minute)) + " left"
}

// bar draws a bar that fills up.
func (m *model) bar(finished, failed, all, columns int) string {
	if columns < 10 || all == 0 {
		return ""
	}
	full := columns * finished / all
	red := 0
	if failed > 0 {
		red = max(1, columns*failed/all)
	}
	full = max(full, red)
	return m.ink.in(good, strings.Repeat("━", full-red)) + m.ink.in(bad, strings.Repeat("━", red)) +
		m.ink.in(quiet, strings.Repeat("─", columns-full))
}

// lists draws what failed and what is running. If they do not fit, each gets half of the
// lines or what the other leaves. If there are few lines, titles are dropped.
func (m *model) lists(failing, going []item, lines int) []string {
	f, g := len(failing), len(going)
	if listed(f, g) <= lines {
		out := m.list("failed", failing, f)
		if f > 0 && g > 0 {
			out = append(out, "")
		}
		return append(out, m.list("running", going, g)...)
	}
	const few = 8
	titles := [2]string{"failed", "running"}
	room := lines
	if lines < few {
		titles = [2]string{}
	} else {
		room -= min(f, 1) + min(g, 1)
	}
	g = min(g, max(room/2, room-f))
	f = min(f, room-g)
	return append(m.list(titles[0], failing, f), m.list(titles[1], going, g)...)
}

// list draws as many items under a title as there is room for. It always shows the selected
// one, then the latest failures and what has run longest.
func (m *model) list(title string, items []item, room int) []string {
	if len(items) == 0 {
		return nil
	}
	var out []string
	if title != "" && room < len(items) {
		title += fmt.Sprintf(" (%d)", len(items))
	}
	if title != "" {
		out = append(out, m.ink.in(quiet, title))
	}
	first := 0
	at := slices.IndexFunc(items, func(i item) bool { return i.key == m.selected })
	if at < 0 && items[0].fault != nil {
		at = len(items) - 1
	}
	if at >= room {
		first = at - room + 1
	}
	shown := items[first:min(first+room, len(items))]
	columns := m.columns(shown)
	for _, i := range shown {
		out = append(out, m.itemLine(i, columns))
	}
	return out
}

// columns returns the widths of the names, phases and times of what is running.
func (m *model) columns(items []item) [3]int {
	w := [3]int{m.nameWidth, len("build"), len("59m 59s")}
	for _, i := range items {
		if i.fault == nil {
			g := m.board.describe(i, m.plan)
			w[0] = max(w[0], width(g.name))
			w[1] = max(w[1], width(g.phase))
			w[2] = max(w[2], width(g.took))
		}
	}
	m.nameWidth = min(w[0], max(m.width/3, 8))
	w[0] = m.nameWidth
	return w
}

// itemLine draws an item of the lists.
func (m *model) itemLine(i item, columns [3]int) string {
	pointer, sgr := "  ", plain
	if i.key == m.selected {
		pointer, sgr = m.ink.in(active, "❯ "), strong
	}
	if i.fault != nil {
		title, victims := i.fault.words()
		line := m.ink.in(bad, m.board.sign(i.fault)) + " " + m.ink.in(sgr, title)
		if victims != "" {
			line += m.ink.in(quiet, ", "+victims)
		}
		return fit(pointer+line, m.width)
	}
	g := m.board.describe(i, m.plan)
	if m.width < 40 {
		return fit(pointer+ends(m.ink.in(sgr, fit(g.name, m.width-width(g.took)-4)), g.took, m.width-2), m.width)
	}
	note := quiet
	if g.warn {
		note = warn
	}
	took := strings.Repeat(" ", max(0, columns[2]-width(g.took))) + g.took
	line := pointer + m.ink.in(sgr, pad(g.name, columns[0])) + "  " + m.ink.in(quiet, pad(g.phase, columns[1])) + "  " + m.ink.in(active, took)
	if g.note != "" {
		line += "  " + m.ink.in(note, g.note)
	}
	return fit(line, m.width)
}
