package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

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

// Blocks names the cells that a cause blocks, or counts them, unless its title names them.
func Blocks(c result.Cause, title string) string {
	switch n := len(c.Cells); {
	case n == 0, strings.HasPrefix(c.Title, noSubject), n == 1 && strings.Contains(title, c.Cells[0]):
		return ""
	case n <= InlineCells && c.Kind.InGuest():
		return "in " + And(c.Cells)
	case n <= InlineCells:
		return "blocks " + And(c.Cells)
	default:
		return fmt.Sprintf("blocks %d cells", n)
	}
}

// SinceText are empty of the zero value.
func SinceText(s *result.Since) string {
	if s.Runs == 0 {
		return ""
	}
	text := fmt.Sprintf("failing since %s", s.Started.Format(time.DateOnly))
	if rev := []rune(s.Rev); len(rev) > 0 {
		text += " at " + string(rev[:min(7, len(rev))])
	}
	return text + ", " + Count(s.Runs, "run") + " ago"
}

// Details is what the message has that neither the title nor the log says: mostly
// all but its first line. Of a failed build Nix says no more than that it
// failed, and quotes the log.
func Details(c result.Cause) string {
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

// noSubject is how titles of evaluation errors begin: what does not evaluate is
// for the sink to say.
const noSubject = "does not "

// Headline is the title as a sentence of its own.
func Headline(c result.Cause) string {
	rest, open := strings.CutPrefix(c.Title, noSubject)
	if !open {
		return cmp.Or(c.Title, strings.TrimSpace(string(c.Kind)+" failure"))
	}
	switch n := len(c.Cells); {
	case n == 0:
		return "the flake does not " + rest
	case n == 1:
		return c.Cells[0] + " does not " + rest
	case n <= InlineCells:
		return And(c.Cells) + " do not " + rest
	default:
		return fmt.Sprintf("%d cells do not %s", n, rest)
	}
}
