package view

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// Terminal is the washer for terminals. A line of 500 characters is five lines
// of a wide terminal; the whole is in the log that the report points to.
func Terminal() Sanitizer {
	return Sanitizer{Clean: clean.Text, Width: 500, Lines: 60}
}

// Sanitizer makes every string of a report safe for one kind of sink, once and
// before anything is done with it, so that no sink can forget one.
type Sanitizer struct {
	Clean func(string) string // cleans several lines; see internal/clean
	Width int                 // longest line that is kept whole, in characters
	Lines int                 // most lines of a log or message that are kept
}

// Report returns a clean copy of r. The outputs of cells are left out, since no
// sink that prints for people shows them.
func (w Sanitizer) Report(r result.Report) result.Report {
	r.Tool.Version, r.Nix.Version = w.Line(r.Tool.Version), w.Line(r.Nix.Version)
	r.Flake.Ref, r.Flake.Locked, r.Flake.Rev = w.Line(r.Flake.Ref), w.Line(r.Flake.Locked), w.Line(r.Flake.Rev)
	r.Verdict = result.Verdict(w.Line(string(r.Verdict)))
	r.Grid = result.Grid{Hosts: w.list(r.Grid.Hosts), Users: w.list(r.Grid.Users), Orphans: w.list(r.Grid.Orphans), Rows: Map(r.Grid.Rows, w.row)}
	r.Cells = Map(r.Cells, w.cell)
	r.Causes = Map(r.Causes, w.cause)
	r.Notes = w.list(r.Notes)
	r.Warnings = Map(r.Warnings, w.warning)
	r.NotTested = Map(r.NotTested, func(n result.NotTested) result.NotTested {
		n.Kind, n.Why = w.Line(n.Kind), w.Line(n.Why)
		return n
	})
	if r.Base != nil {
		base := *r.Base
		base.Ref, base.Rev = w.Line(base.Ref), w.Line(base.Rev)
		base.Note, base.Missing = w.Line(base.Note), w.Line(base.Missing)
		r.Base = &base
	}
	return r
}

func (w Sanitizer) cell(c result.Cell) result.Cell {
	for _, s := range []*string{
		&c.ID, &c.Kind, &c.Host, &c.User, &c.System, &c.Attr, &c.SameAs, &c.PartOf, &c.Note, &c.DrvPath,
	} {
		*s = w.Line(*s)
	}
	c.Status, c.How = result.Status(w.Line(string(c.Status))), result.How(w.Line(string(c.How)))
	c.Causes, c.Phases, c.OutPaths = w.list(c.Causes), Map(c.Phases, w.phase), nil
	if c.Since != nil {
		since := *c.Since
		since.Rev = w.Line(since.Rev)
		c.Since = &since
	}
	if c.Base != nil {
		base := w.base(*c.Base)
		c.Base = &base
	}
	return c
}

func (w Sanitizer) base(b result.CellBase) result.CellBase {
	b.Change, b.Outcome = result.Change(w.Line(string(b.Change))), result.Outcome(w.Line(string(b.Outcome)))
	b.Status, b.DrvPath, b.Note = result.Status(w.Line(string(b.Status))), w.Line(b.DrvPath), w.Line(b.Note)
	if b.Closure != nil {
		closure := *b.Closure
		closure.Unknown = w.Line(closure.Unknown)
		closure.Packages = Map(closure.Packages, func(p result.PackageChange) result.PackageChange {
			p.Name, p.Kind = w.Line(p.Name), result.VersionChange(w.Line(string(p.Kind)))
			p.Before, p.After = w.list(p.Before), w.list(p.After)
			return p
		})
		b.Closure = &closure
	}
	return b
}

func (w Sanitizer) phase(p result.Phase) result.Phase {
	p.Name = result.ParsePhaseName(w.Line(p.Name.String()))
	p.Status = result.Status(w.Line(string(p.Status)))
	p.Message, p.Log = w.Head(p.Message), w.Line(p.Log)
	p.Files, p.Causes = w.list(p.Files), w.list(p.Causes)
	p.Duration, p.Waiting = max(0, p.Duration), max(0, p.Waiting)
	return p
}

func (w Sanitizer) cause(c result.Cause) result.Cause {
	for _, s := range []*string{&c.ID, &c.Title, &c.Hint, &c.DrvPath, &c.Log} {
		*s = w.Line(*s)
	}
	c.Kind = result.CauseKind(w.Line(string(c.Kind)))
	c.Message, c.LogTail, c.Cells = w.Head(c.Message), w.Tail(c.LogTail), w.list(c.Cells)
	c.Location = w.place(c.Location)
	return c
}

func (w Sanitizer) warning(x result.Warning) result.Warning {
	x.Text, x.Cells, x.Location = w.Line(x.Text), w.list(x.Cells), w.place(x.Location)
	return x
}

func (w Sanitizer) place(l *result.Location) *result.Location {
	if l == nil {
		return nil
	}
	place := *l
	place.File = w.Line(place.File)
	return &place
}

// Line cleans what has to be one line.
func (w Sanitizer) Line(s string) string {
	return strings.TrimSpace(cut(w.Clean(clean.Clean(s)), w.Width))
}

func (w Sanitizer) row(g result.Row) result.Row {
	g.Host, g.Key, g.Cells = w.Line(g.Host), w.Line(g.Key), w.list(g.Cells)
	return g
}

func (w Sanitizer) list(lines []string) []string { return Map(lines, w.Line) }

// Head cleans several lines of which the first say most.
func (w Sanitizer) Head(s string) string {
	lines := w.split(s)
	if more := len(lines) - w.Lines; more > 0 {
		return strings.Join(append(w.cut(lines[:w.Lines]), fmt.Sprintf("… (%d more lines)", more)), "\n")
	}
	return strings.Join(w.cut(lines), "\n")
}

// Tail cleans several lines of which the last say most.
func (w Sanitizer) Tail(s string) string {
	lines := w.split(s)
	return strings.Join(w.cut(lines[max(0, len(lines)-w.Lines):]), "\n")
}

// split cleans several lines, without empty ones at either end.
func (w Sanitizer) split(s string) []string {
	text := strings.TrimRight(strings.Trim(w.Clean(s), "\n"), " \t\n")
	return strings.Split(text, "\n")
}

// cut shortens each of the lines that are kept.
func (w Sanitizer) cut(lines []string) []string {
	return Map(lines, func(line string) string { return cut(line, w.Width) })
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
