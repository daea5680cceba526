package view

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// Terminal returns the sanitizer for terminals. A line of 500 characters fills five lines of a
// wide terminal; the log that the report points to has the full text.
func Terminal() Sanitizer {
	return Sanitizer{Clean: clean.Text, MaxWidth: 500, MaxLines: 60}
}

// Sanitizer makes every string of a report safe for one form, before the form uses any of
// them, so that it cannot forget one.
type Sanitizer struct {
	Clean    func(string) string // cleans several lines; see internal/clean
	MaxWidth int                 // longest line that is not shortened, in characters
	MaxLines int                 // most lines kept of a log or message
}

// Report returns a clean copy of r without the outputs of cells and the accounts of hosts, which no
// form for people shows.
func (s Sanitizer) Report(r result.Report) result.Report {
	r.Tool.Version, r.Nix.Version = s.Line(r.Tool.Version), s.Line(r.Nix.Version)
	r.Flake.Ref, r.Flake.Locked, r.Flake.Rev = s.Line(r.Flake.Ref), s.Line(r.Flake.Locked), s.Line(r.Flake.Rev)
	r.Verdict = result.Verdict(s.Line(string(r.Verdict)))
	r.Grid = result.Grid{Hosts: s.list(r.Grid.Hosts), Users: s.list(r.Grid.Users), Orphans: s.list(r.Grid.Orphans), Rows: Map(r.Grid.Rows, s.row)}
	r.Machines = Map(r.Machines, s.machine)
	r.Cells = Map(r.Cells, s.cell)
	r.Causes = Map(r.Causes, s.Cause)
	r.Notes = s.list(r.Notes)
	r.Warnings = Map(r.Warnings, s.warning)
	r.NotTested = Map(r.NotTested, func(n result.NotTested) result.NotTested {
		n.Kind, n.Why = result.Kind(s.Line(string(n.Kind))), s.Line(n.Why)
		return n
	})
	r.Pushes = Map(r.Pushes, func(p result.Push) result.Push {
		p.To, p.Path, p.Status, p.Message = s.Line(p.To), s.Line(p.Path), result.PushStatus(s.Line(string(p.Status))), s.Line(p.Message)
		return p
	})
	if r.Base != nil {
		base := *r.Base
		base.Ref, base.Rev = s.Line(base.Ref), s.Line(base.Rev)
		base.Note, base.Missing = s.Line(base.Note), s.Line(base.Missing)
		r.Base = &base
	}
	return r
}

func (s Sanitizer) cell(c result.CellResult) result.CellResult {
	for _, field := range []*string{
		&c.ID, &c.Host, &c.User, &c.System, &c.Attr, &c.SameAs, &c.PartOf, &c.Note, &c.DrvPath, &c.Machine,
	} {
		*field = s.Line(*field)
	}
	c.Kind = result.Kind(s.Line(string(c.Kind)))
	c.Status, c.How = result.Status(s.Line(string(c.Status))), result.How(s.Line(string(c.How)))
	c.Causes, c.Phases, c.OutPaths, c.Info = s.list(c.Causes), Map(c.Phases, s.phase), nil, result.HostInfo{}
	c.Since = s.since(c.Since)
	if c.Base != nil {
		base := s.base(*c.Base)
		c.Base = &base
	}
	return c
}

// machine returns a clean copy without the basis and the cells of other shards, which no form for
// people shows.
func (s Sanitizer) machine(m result.Machine) result.Machine {
	for _, field := range []*string{&m.Name, &m.System, &m.Run, &m.Job, &m.Selection} {
		*field = s.Line(*field)
	}
	m.Basis = result.Basis{}
	if m.Shard != nil {
		m.Shard = &result.Shard{Index: m.Shard.Index, Count: m.Shard.Count, Planned: m.Shard.Planned}
	}
	return m
}

func (s Sanitizer) since(since *result.Since) *result.Since {
	if since == nil {
		return nil
	}
	clean := *since
	clean.Rev = s.Line(clean.Rev)
	return &clean
}

func (s Sanitizer) base(b result.CellBase) result.CellBase {
	b.Change, b.Outcome = result.Change(s.Line(string(b.Change))), result.Outcome(s.Line(string(b.Outcome)))
	b.Status, b.DrvPath, b.Note = result.Status(s.Line(string(b.Status))), s.Line(b.DrvPath), s.Line(b.Note)
	b.Causes = s.list(b.Causes)
	if b.Closure != nil {
		closure := *b.Closure
		closure.Unknown = s.Line(closure.Unknown)
		closure.Packages = Map(closure.Packages, func(p result.PackageChange) result.PackageChange {
			p.Name, p.Kind = s.Line(p.Name), result.VersionChange(s.Line(string(p.Kind)))
			p.Before, p.After = s.list(p.Before), s.list(p.After)
			return p
		})
		b.Closure = &closure
	}
	return b
}

func (s Sanitizer) phase(p result.Phase) result.Phase {
	p.Name = result.ParsePhaseName(s.Line(p.Name.String()))
	p.Status = result.Status(s.Line(string(p.Status)))
	p.Message, p.Log = s.Head(p.Message), s.Line(p.Log)
	p.Files, p.Causes, p.BuiltOn = s.list(p.Files), s.list(p.Causes), s.list(p.BuiltOn)
	p.Duration, p.Waiting = max(0, p.Duration), max(0, p.Waiting)
	return p
}

// Cause returns a clean copy of a cause.
func (s Sanitizer) Cause(c result.Cause) result.Cause {
	for _, field := range []*string{&c.ID, &c.Key, &c.Title, &c.Hint, &c.DrvPath, &c.Log} {
		*field = s.Line(*field)
	}
	c.Kind = result.CauseKind(s.Line(string(c.Kind)))
	c.Message, c.LogTail, c.Cells = s.Head(c.Message), s.Tail(c.LogTail), s.list(c.Cells)
	c.Location, c.Since = s.location(c.Location), s.since(c.Since)
	c.Excerpt = s.excerpt(c.Excerpt, c.Location)
	return c
}

func (s Sanitizer) warning(w result.Warning) result.Warning {
	w.Text, w.Cells, w.Location = s.Line(w.Text), s.list(w.Cells), s.location(w.Location)
	if w.Cause != nil {
		cause := s.Cause(*w.Cause)
		w.Cause = &cause
	}
	return w
}

func (s Sanitizer) location(l *result.Location) *result.Location {
	if l == nil {
		return nil
	}
	location := *l
	location.File = s.Line(location.File)
	return &location
}

// Line cleans a text that must be one line.
func (s Sanitizer) Line(text string) string {
	return strings.TrimSpace(cut(s.Clean(clean.Clean(text)), s.MaxWidth))
}

func (s Sanitizer) row(r result.Row) result.Row {
	r.Host, r.Untested, r.Cells = s.Line(r.Host), s.Line(r.Untested), s.list(r.Cells)
	return r
}

func (s Sanitizer) list(lines []string) []string { return Map(lines, s.Line) }

// Head cleans a text and keeps its first lines.
func (s Sanitizer) Head(text string) string {
	lines := s.split(text)
	if more := len(lines) - s.MaxLines; more > 0 {
		return strings.Join(append(s.cut(lines[:s.MaxLines]), fmt.Sprintf("… (%d more lines)", more)), "\n")
	}
	return strings.Join(s.cut(lines), "\n")
}

// Tail cleans a text and keeps its last lines.
func (s Sanitizer) Tail(text string) string {
	lines := s.split(text)
	return strings.Join(s.cut(lines[max(0, len(lines)-s.MaxLines):]), "\n")
}

// split cleans a text and returns its lines, without empty ones at either end.
func (s Sanitizer) split(text string) []string {
	return strings.Split(strings.TrimRight(strings.Trim(s.Clean(text), "\n"), " \t\n"), "\n")
}

// cut shortens each line.
func (s Sanitizer) cut(lines []string) []string {
	return Map(lines, func(line string) string { return cut(line, s.MaxWidth) })
}

// cut shortens a line to width characters and says how many it left out.
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
