package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

const (
	tailLines   = 20
	indent      = "    "
	gutter      = indent + "│ "
	inlineCells = 3 // most cells that a cause names in its own line
)

// causes appends why cells did not pass.
func (p *page) causes(r result.Report, x index) {
	for _, c := range x.ordered(r) {
		p.cause(c, x)
	}
}

// unexplained makes a cause of what little is known of a cell without one.
func unexplained(c result.Cell) result.Cause {
	cause := result.Cause{Title: fmt.Sprintf("%s ended as %s", c.ID, c.Status), Cells: []string{c.ID}}
	for _, p := range c.Phases {
		if p.Status.NeedsAttention() {
			cause.Message, cause.Log = p.Message, p.Log
		}
	}
	return cause
}

// cause appends one cause: what happened, what the log says, where, what to do,
// and last, if they are many, the cells it stops.
func (p *page) cause(c result.Cause, x index) {
	p.gap()
	p.causeTitle(c, x)
	p.indented(indent, p.prose(details(c))...)
	for _, line := range lastLines(c.LogTail, tailLines) {
		p.indented(gutter, fold(line, p.room(widthOf(gutter)))...)
	}
	if c.Location != nil && c.Location.File != "" {
		p.add(indent + "at " + p.in(strong, c.Location.String()))
	}
	if c.Hint != "" {
		p.indented(indent, wrap("hint: "+c.Hint, p.measure(len(indent)))...)
	}
	if c.Log != "" {
		p.add(indent + "full log: " + c.Log)
	}
	if len(c.Cells) > inlineCells {
		lines := fill(slices.Concat([]string{"blocks: " + c.Cells[0]}, c.Cells[1:]), ",", p.measure(len(indent)+2))
		p.add(indent + lines[0])
		p.indented(indent+"  ", lines[1:]...)
	}
}

// causeTitle appends what happened and which cells it stops, or how many.
func (p *page) causeTitle(c result.Cause, x index) {
	sign, t := signFailed, bad
	if x.isMachine(c) {
		sign, t = signError, warn
	}
	title := Headline(c)
	title += after(", ", blocksText(c, title))
	title += bracketed(x.age(c))
	for i, line := range wrap(title, p.room(2)) {
		if i == 0 {
			p.add(p.in(t, sign) + " " + p.in(strong, line))
			continue
		}
		p.add("  " + p.in(strong, line))
	}
}

// blocksText names the cells that a cause blocks, or counts them, unless its title names them.
func blocksText(c result.Cause, title string) string {
	switch n := len(c.Cells); {
	case n == 0, strings.HasPrefix(c.Title, noSubject), n == 1 && strings.Contains(title, c.Cells[0]):
		return ""
	case n <= inlineCells && c.Kind.InGuest():
		return "in " + and(c.Cells)
	case n <= inlineCells:
		return "blocks " + and(c.Cells)
	default:
		return fmt.Sprintf("blocks %d cells", n)
	}
}

// age says whether a cause is new, and since when its cells have failed, as far as
// that is known.
func (x index) age(c result.Cause) string {
	facts := []string{x.ageAtBase(c), x.since(c)}
	return strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), ", ")
}

// since says since when all cells of a cause have failed. It need not have been
// for this cause all the time.
func (x index) since(c result.Cause) string {
	var last result.Since
	for _, id := range c.Cells {
		s := x.cells[id].Since
		if s == nil {
			return ""
		}
		if s.Started.After(last.Started) {
			last = *s
		}
	}
	return sinceText(&last)
}

// sinceText are empty of the zero value.
func sinceText(s *result.Since) string {
	if s.Runs == 0 {
		return ""
	}
	text := fmt.Sprintf("failing since %s", s.Started.Format(time.DateOnly))
	if rev := []rune(s.Rev); len(rev) > 0 {
		text += " at " + string(rev[:min(7, len(rev))])
	}
	return text + ", " + count(s.Runs, "run") + " ago"
}

// ageAtBase says whether a cause was there at the base.
func (x index) ageAtBase(c result.Cause) string {
	switch outcome := x.outcome(c); {
	case x.base == nil:
	case outcome == result.NewFailure:
		return "new"
	case outcome == result.AlreadyBroken:
		return "already broken at " + baseName(x.base)
	}
	return ""
}

// isMachine reports whether a cause is the machine's and not the flake's.
func (x index) isMachine(c result.Cause) bool {
	if len(c.Cells) == 0 {
		return c.Kind.Status() == result.Error
	}
	for _, id := range c.Cells {
		if x.cells[id].Status != result.Error {
			return false
		}
	}
	return true
}

// details is what the message has that neither the title nor the log says: mostly
// all but its first line. Of a failed build Nix says no more than that it
// failed, and quotes the log.
func details(c result.Cause) string {
	message := strings.TrimSpace(c.Message)
	if c.Kind == result.CauseBuild && c.LogTail != "" || strings.Contains(c.LogTail, message) {
		return ""
	}
	first, rest, _ := strings.Cut(message, "\n")
	if strings.Contains(c.Title, strings.TrimSuffix(strings.TrimSpace(first), ":")) {
		if strings.Contains(c.Title, strings.TrimPrefix(strings.TrimSpace(rest), "- ")) {
			return ""
		}
		return dedent(rest)
	}
	return message
}

// prose wraps a message of several lines, of which each keeps its indentation.
func (p *page) prose(message string) []string {
	var lines []string
	if message == "" {
		return nil
	}
	for line := range strings.SplitSeq(message, "\n") {
		line = expand(line)
		blank := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, piece := range wrap(line, p.room(len(indent)+len(blank))) {
			lines = append(lines, blank+piece)
		}
	}
	return lines
}

// lastLines returns the last n lines of a text, none if it is empty.
func lastLines(text string, n int) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}
