package live

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
)

// The colors of the view, as SGR numbers.
const (
	plain  = ""
	strong = "1"
	bad    = "31"
	good   = "32"
	warn   = "33"
	active = "36"
	quiet  = "2"
)

// ink colors text, if colors are wanted.
type ink bool

func (i ink) in(sgr, text string) string {
	if !i || sgr == plain || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// width returns how many columns text takes, without colors. It counts like the renderer, which
// puts every character into a cell of its own.
func width(s string) int { return view.Width(s) }

// fit shortens text to a number of columns.
func fit(s string, columns int) string {
	if columns <= 0 {
		return ""
	}
	return view.Fit(s, columns)
}

// pad fits text and fills it up to a number of columns.
func pad(s string, columns int) string {
	s = fit(s, columns)
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}

// ends puts one text at the beginning of a line and another at its end. If both do not fit,
// it drops the second.
func ends(left, right string, columns int) string {
	gap := columns - width(left) - width(right)
	if gap < 2 {
		return fit(left, columns)
	}
	return left + strings.Repeat(" ", gap) + right
}

// logLine makes a line of a log safe to show. A carriage return goes back to the beginning,
// and a tab to the next multiple of eight columns.
func logLine(s string) string {
	return view.ExpandTabs(strings.ReplaceAll(clean.Text(s), "\n", " "))
}

// wrap breaks a line into rows.
func wrap(s string, columns int) []string {
	if width(s) <= columns {
		return []string{s}
	}
	return strings.Split(ansi.HardwrapWc(s, max(columns, 2), true), "\n")
}

// clock formats a duration in whole seconds.
func clock(d time.Duration) string {
	if d < 10*time.Second {
		return d.Truncate(time.Second).String()
	}
	return view.FormatDuration(d.Truncate(time.Second))
}
