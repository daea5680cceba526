// Package junit writes a report as JUnit XML.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// Write writes the report by the rules of Jenkins' junit-10.xsd, which most readers of JUnit
// files follow.
//
// There is a suite for each host ("host reason"), with its system, its virtual machine and
// the homes on it; one for homes that serve several hosts or none ("homes"), one for homes of
// hosts that do not exist ("orphaned homes"), and one for each other kind ("checks",
// "packages", …). Every phase of a cell is a case. Its classname is the cell's id. Its name is
// the id and the phase, since many readers show only the name.
//
// A fault of the flake is a failure, a fault of flakeci or the machine an error. The suite
// "flake" holds what went wrong before there were cells, so that a run that did not pass never
// looks all green.
func Write(w io.Writer, r result.Report) error {
	suites := newConverter(sanitizer().Report(r)).suites()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	if err := suites.WriteXML(w); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

// sanitizer returns the sanitizer for JUnit. Readers refuse or truncate files with endless
// logs; the full logs are attached.
func sanitizer() view.Sanitizer {
	return view.Sanitizer{Clean: func(s string) string { return noMarkers(noCommands(clean.XML(s))) }, MaxWidth: 2000, MaxLines: 100}
}

// converter is a report being written as JUnit.
type converter struct {
	result.Report
	index    view.CauseIndex
	orphans  map[string]bool
	warnings map[string][]string // texts by the id of a cell
}

func newConverter(r result.Report) converter {
	j := converter{Report: r, index: view.NewCauseIndex(r), orphans: map[string]bool{}, warnings: map[string][]string{}}
	for _, w := range r.Warnings {
		cells := w.Cells
		w.Cells = nil
		for _, id := range cells {
			j.warnings[id] = append(j.warnings[id], "warning: "+w.String())
		}
	}
	for _, id := range r.Grid.Orphans {
		j.orphans[id] = true
	}
	return j
}

// suites makes all suites.
func (j converter) suites() junit.Testsuites {
	all := junit.Testsuites{Name: "flakeci", Time: xmlSeconds(j.Duration)}
	cells := j.cellSuites()
	red := slices.ContainsFunc(cells, func(s junit.Testsuite) bool { return s.Failures+s.Errors > 0 })
	for _, s := range append(cells, j.flakeSuite(red)...) {
		s.ID = len(all.Suites)
		all.AddSuite(s)
	}
	return withoutSkipped(all)
}

// withoutSkipped removes the totals of a file with skipped cases. In junit-10.xsd the root has
// no attribute for those, and readers that find the other totals count a skipped case as
// passed. Without totals, readers add up the suites.
func withoutSkipped(all junit.Testsuites) junit.Testsuites {
	if all.Skipped > 0 {
		all.Tests, all.Failures, all.Errors, all.Skipped = 0, 0, 0, 0
	}
	return all
}

// cellSuites makes the suites of all cells, in the order of their first cells.
func (j converter) cellSuites() []junit.Testsuite {
	var names []string
	cells := map[string][]result.CellResult{}
	for _, c := range j.Cells {
		name := j.suiteOf(c)
		if cells[name] == nil {
			names = append(names, name)
		}
		cells[name] = append(cells[name], c)
	}
	var list []junit.Testsuite
	for _, name := range names {
		list = append(list, j.suite(name, cells[name]))
	}
	return list
}

// suiteOf returns the name of a cell's suite. The word "host" tells a host called "homes" from
// the homes.
func (j converter) suiteOf(c result.CellResult) string {
	switch {
	case j.orphans[c.ID]:
		return "orphaned homes"
	case view.InGrid(c) && c.Host != "":
		return "host " + c.Host
	case c.Kind == result.KindHome:
		return "homes"
	}
	if title := view.KindTitle(c.Kind); title != string(c.Kind) {
		return title
	}
	return strings.TrimSpace(string(c.Kind) + " cells") // a kind from a newer flakeci
}

// suite makes one suite.
func (j converter) suite(name string, cells []result.CellResult) junit.Testsuite {
	s := junit.Testsuite{Name: name}
	j.describe(&s)
	total, started := 0.0, j.Started
	for i, c := range cells {
		for k, p := range c.Phases {
			if i+k == 0 || !p.Started.IsZero() && p.Started.Before(started) {
				started = p.Started
			}
		}
		total += c.TotalSeconds()
		for _, test := range j.cases(c) {
			s.AddTestcase(test)
		}
	}
	s.Time = xmlSeconds(total)
	if !started.IsZero() {
		s.SetTimestamp(started.UTC())
	}
	return s
}

// describe sets the properties of a suite: what was tested, and with which tools.
func (j converter) describe(s *junit.Testsuite) {
	properties := []junit.Property{
		{Name: "flake.ref", Value: j.Flake.Ref},
		{Name: "flake.locked", Value: j.Flake.Locked},
		{Name: "flake.rev", Value: j.Flake.Rev},
		{Name: "flake.dirty", Value: strconv.FormatBool(j.Flake.Dirty)},
		{Name: "flakeci.version", Value: j.Tool.Version},
		{Name: "nix.version", Value: j.Nix.Version},
		{Name: "base.ref", Value: j.base().Ref},
		{Name: "base.rev", Value: j.base().Rev},
		{Name: "base.missing", Value: j.base().Missing},
		{Name: "not-tested", Value: view.NotTestedText(j.Report)},
	}
	ofRun, _ := view.Warnings(j.Report)
	for _, warning := range ofRun {
		properties = append(properties, junit.Property{Name: "warning", Value: warning.String()})
	}
	for _, p := range properties {
		if p.Value != "" {
			s.AddProperty(p.Name, p.Value)
		}
	}
}

// base returns the base, empty if there is none.
func (j converter) base() result.Base {
	if j.Base == nil {
		return result.Base{}
	}
	return *j.Base
}

// flakeSuite makes the suite of causes that block no cell. If a run did not pass and nothing
// in it is red, as in an interrupted one, the suite has a case that says so.
func (j converter) flakeSuite(red bool) []junit.Testsuite {
	s := junit.Testsuite{Name: "flake", Time: xmlSeconds(0)}
	j.describe(&s)
	for _, c := range j.index.Unassigned {
		s.AddTestcase(j.causeCase(c))
		red = true
	}
	if !red && j.Verdict != result.VerdictPassed {
		s.AddTestcase(verdictCase(j.Verdict, view.Summary(j.Report)))
	}
	if s.Tests == 0 {
		return nil
	}
	if !j.Started.IsZero() {
		s.SetTimestamp(j.Started.UTC())
	}
	return []junit.Testsuite{s}
}
