package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

// How much the forms show of one cause.
const (
	TailLines   = 20 // lines of a log's end
	InlineCells = 3  // cells named in the cause's own line
	ListedCells = 40 // cells named in a list, where it would repeat or be in the way of other causes
)

// Traced reports whether the log of a cause is the trace of an evaluation, which only few readers
// need: the place and the excerpt say where the fault is.
func Traced(c result.Cause) bool { return c.Kind == result.CauseEval }

// unexplained makes a cause for a cell that needs attention and has none.
func unexplained(c result.CellResult) result.Cause {
	cause := result.Cause{Title: fmt.Sprintf("%s ended as %s", c.ID, c.Status), Cells: []string{c.ID}}
	for _, p := range c.Phases {
		if p.Status.NeedsAttention() {
			cause.Message, cause.Log = p.Message, p.Log
		}
	}
	return cause
}

// BlocksText names or counts the cells that a cause blocks, unless the title names them.
func BlocksText(c result.Cause, title string) string {
	switch n := len(c.Cells); {
	case n == 0, strings.HasPrefix(c.Title, noSubject), n == 1 && strings.Contains(title, c.Cells[0]):
		return ""
	case n <= InlineCells && c.Kind.InGuest():
		return "in " + JoinAnd(c.Cells)
	case n <= InlineCells:
		return "blocks " + JoinAnd(c.Cells)
	default:
		return fmt.Sprintf("blocks %d cells", n)
	}
}

// SinceText says since when something has been failing. It is empty if that is unknown.
func SinceText(s *result.Since) string {
	if s == nil || s.Runs == 0 {
		return ""
	}
	text := fmt.Sprintf("failing since %s", s.Started.Format(time.DateOnly))
	return text + WithPrefix(" at ", shortRev(s.Rev)) + ", " + Count(s.Runs, "run") + " ago"
}

// noSubject begins the titles of evaluation errors. [Headline] adds what does not evaluate.
const noSubject = "does not "

// Headline returns the title as a complete sentence.
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
		return JoinAnd(c.Cells) + " do not " + rest
	default:
		return fmt.Sprintf("%d cells do not %s", n, rest)
	}
}
