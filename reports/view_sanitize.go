package reports

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// terminal is the washer for terminals. A line of 500 characters is five lines
// of a wide terminal; the whole is in the log that the report points to.
func terminal() washer {
	return washer{text: clean.Text, width: 500, lines: 60}
}

// washer makes every string of a report safe for one kind of sink, once and
// before anything is done with it, so that no sink can forget one.
type washer struct {
	text  func(string) string // cleans several lines; see internal/clean
	width int                 // longest line that is kept whole, in characters
	lines int                 // most lines of a log or message that are kept
}

// report returns a clean copy of r. The outputs of cells are left out, since no
// sink that prints for people shows them.
func (w washer) report(r result.Report) result.Report {
	r.Tool.Version, r.Nix.Version = w.line(r.Tool.Version), w.line(r.Nix.Version)
	r.Flake.Ref, r.Flake.Locked, r.Flake.Rev = w.line(r.Flake.Ref), w.line(r.Flake.Locked), w.line(r.Flake.Rev)
	r.Verdict = result.Verdict(w.line(string(r.Verdict)))
	r.Grid = result.Grid{Hosts: w.list(r.Grid.Hosts), Users: w.list(r.Grid.Users), Orphans: w.list(r.Grid.Orphans), Rows: each(r.Grid.Rows, w.row)}
	r.Cells = each(r.Cells, w.cell)
	r.Causes = each(r.Causes, w.cause)
	r.Notes = w.list(r.Notes)
	r.Warnings = each(r.Warnings, w.warning)
	r.NotTested = each(r.NotTested, func(n result.NotTested) result.NotTested {
		n.Kind, n.Why = w.line(n.Kind), w.line(n.Why)
		return n
	})
	if r.Base != nil {
		base := *r.Base
		base.Ref, base.Rev = w.line(base.Ref), w.line(base.Rev)
		base.Note, base.Missing = w.line(base.Note), w.line(base.Missing)
		r.Base = &base
	}
	return r
}

func (w washer) cell(c result.Cell) result.Cell {
	for _, s := range []*string{
		&c.ID, &c.Kind, &c.Host, &c.User, &c.System, &c.Attr, &c.SameAs, &c.PartOf, &c.Note, &c.DrvPath,
	} {
		*s = w.line(*s)
	}
	c.Status, c.How = result.Status(w.line(string(c.Status))), result.How(w.line(string(c.How)))
	c.Causes, c.Phases, c.OutPaths = w.list(c.Causes), each(c.Phases, w.phase), nil
	if c.Since != nil {
		since := *c.Since
		since.Rev = w.line(since.Rev)
		c.Since = &since
	}
	if c.Base != nil {
		base := w.base(*c.Base)
		c.Base = &base
	}
	return c
}

func (w washer) base(b result.CellBase) result.CellBase {
	b.Change, b.Outcome = result.Change(w.line(string(b.Change))), result.Outcome(w.line(string(b.Outcome)))
	b.Status, b.DrvPath, b.Note = result.Status(w.line(string(b.Status))), w.line(b.DrvPath), w.line(b.Note)
	if b.Closure != nil {
		closure := *b.Closure
		closure.Unknown = w.line(closure.Unknown)
		closure.Packages = each(closure.Packages, func(p result.PackageChange) result.PackageChange {
			p.Name, p.Kind = w.line(p.Name), result.VersionChange(w.line(string(p.Kind)))
			p.Before, p.After = w.list(p.Before), w.list(p.After)
			return p
		})
		b.Closure = &closure
	}
	return b
}

func (w washer) phase(p result.Phase) result.Phase {
	p.Name = result.ParsePhaseName(w.line(p.Name.String()))
	p.Status = result.Status(w.line(string(p.Status)))
	p.Message, p.Log = w.head(p.Message), w.line(p.Log)
	p.Files, p.Causes = w.list(p.Files), w.list(p.Causes)
	p.Duration, p.Waiting = max(0, p.Duration), max(0, p.Waiting)
	return p
}

func (w washer) cause(c result.Cause) result.Cause {
	for _, s := range []*string{&c.ID, &c.Title, &c.Hint, &c.DrvPath, &c.Log} {
		*s = w.line(*s)
	}
	c.Kind = result.CauseKind(w.line(string(c.Kind)))
	c.Message, c.LogTail, c.Cells = w.head(c.Message), w.tail(c.LogTail), w.list(c.Cells)
	c.Location = w.place(c.Location)
	return c
}

func (w washer) warning(x result.Warning) result.Warning {
	x.Text, x.Cells, x.Location = w.line(x.Text), w.list(x.Cells), w.place(x.Location)
	return x
}

func (w washer) place(l *result.Location) *result.Location {
	if l == nil {
		return nil
	}
	place := *l
	place.File = w.line(place.File)
	return &place
}

// line cleans what has to be one line.
func (w washer) line(s string) string {
	return strings.TrimSpace(cut(w.text(clean.Clean(s)), w.width))
}

func (w washer) row(g result.Row) result.Row {
	g.Host, g.Key, g.Cells = w.line(g.Host), w.line(g.Key), w.list(g.Cells)
	return g
}

func (w washer) list(lines []string) []string { return each(lines, w.line) }

// head cleans several lines of which the first say most.
func (w washer) head(s string) string {
	lines := w.split(s)
	if more := len(lines) - w.lines; more > 0 {
		return strings.Join(append(w.cut(lines[:w.lines]), fmt.Sprintf("… (%d more lines)", more)), "\n")
	}
	return strings.Join(w.cut(lines), "\n")
}

// tail cleans several lines of which the last say most.
func (w washer) tail(s string) string {
	lines := w.split(s)
	return strings.Join(w.cut(lines[max(0, len(lines)-w.lines):]), "\n")
}

// split cleans several lines, without empty ones at either end.
func (w washer) split(s string) []string {
	text := strings.TrimRight(strings.Trim(w.text(s), "\n"), " \t\n")
	return strings.Split(text, "\n")
}

// cut shortens each of the lines that are kept.
func (w washer) cut(lines []string) []string {
	return each(lines, func(line string) string { return cut(line, w.width) })
}

// cut shortens a line of more than width characters and says by how much.
func cut(line string, width int) string {
	if len(line) <= width {
		return line
	}
	n := 0
	for i := range line {
		if n == width {
			return fmt.Sprintf("%s… (%d more characters)", line[:i], utf8.RuneCountInString(line[i:]))
		}
		n++
	}
	return line
}
