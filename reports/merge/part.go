package merge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// part is one of the reports.
type part struct {
	file     string
	original result.Report
	report   result.Report       // what of the original counts
	machines map[string]*machine // by the name in this report
	only     *machine            // nil if the report is a merged one
	causes   map[string][]int    // indexes by id; a report from a stranger may use one twice
	blocking map[string][]int    // indexes of causes by the cells that they name
	repeated bool                // a later attempt did all of it again
	// unexplained means that the report did not pass although its cells and causes did.
	unexplained bool
	text        []byte // the JSON, if the order of reports depends on it
}

// machine is a machine of one or more reports. Its name is unique among all of them.
type machine struct {
	result.Machine
	repeated bool // a later attempt did the same again
}

// maxMachines is how many runs one report can have. GitHub has at most 256 jobs in a matrix.
const maxMachines = 1024

// add sorts the reports, and checks that they belong together.
func (m *merger) add(sources []Source) error {
	for _, s := range sources {
		m.parts = append(m.parts, &part{file: s.File, original: s.Report, report: s.Report})
	}
	slices.SortFunc(m.parts, func(a, b *part) int { return cmp.Or(a.compare(b), cmp.Compare(a.file, b.file)) })
	if err := m.checkFlake(); err != nil {
		return err
	}
	m.dropStale()
	m.findLacking()
	m.parts = slices.CompactFunc(m.parts, func(a, b *part) bool { return a.compare(b) == 0 })
	for _, p := range m.parts {
		m.index(p)
		if len(m.machines) > maxMachines {
			return &RefusedError{Text: fmt.Sprintf("the reports cover more than %d runs, the limit", maxMachines)}
		}
	}
	m.takeOutPending()
	m.nameMachines()
	m.findRepeated()
	return m.checkShards()
}

// findLacking collects the cells of other shards that the reports name. Copies of one report may
// name different ones, because [forgetKnown] keeps each cell only where it is read first.
func (m *merger) findLacking() {
	for _, p := range m.parts {
		for _, on := range p.report.Machines {
			if on.Shard != nil {
				m.lacking = append(m.lacking, on.Shard.Others...)
			}
		}
	}
}

// compare orders reports by their start, and then by what else they say, so that the order of the
// files does not matter.
func (p *part) compare(other *part) int {
	if c := p.report.Started.Compare(other.report.Started); c != 0 {
		return c
	}
	return bytes.Compare(p.json(), other.json())
}

func (p *part) json() []byte {
	if p.text == nil {
		r := p.report
		r.Machines = slices.Clone(r.Machines)
		for i := range r.Machines {
			r.Machines[i].Shard = withoutOthers(r.Machines[i].Shard)
		}
		p.text, _ = json.Marshal(r) // what cannot be written was not read either
	}
	return p.text
}

// partName says which part of the work a run was.
func partName(s *result.Shard) string {
	switch {
	case s == nil:
		return ""
	case s.IsPlan():
		return "plan"
	}
	return "shard " + s.String()
}

func withoutOthers(s *result.Shard) *result.Shard {
	if s == nil {
		return nil
	}
	return &result.Shard{Index: s.Index, Count: s.Count, Planned: s.Planned}
}

// checkFlake refuses reports of different revisions. A report without cells may not know the
// revision, because the flake could not be fetched.
func (m *merger) checkFlake() error {
	var first *part
	for _, p := range m.parts {
		if p.report.Flake.Rev == "" && p.report.Flake.Locked == "" && len(p.report.Cells) == 0 {
			continue
		}
		if first == nil {
			first = p
			continue
		}
		if why := different(first.report.Flake, p.report.Flake); why != "" {
			return &RefusedError{
				Text: fmt.Sprintf("%s and %s are not of the same flake: %s", first.file, p.file, why),
				Hint: "merge reports of one revision; flakeci diff compares revisions",
			}
		}
	}
	return nil
}

// different says why two flakes may differ. Trees with uncommitted changes, or outside of git, are
// the same if the hash of their files is.
func different(a, b result.Flake) string {
	parameter := func(f result.Flake, name string) string {
		_, query, _ := strings.Cut(f.Locked, "?")
		values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B")) // a hash may have one
		if err != nil {
			return f.Locked
		}
		return values.Get(name)
	}
	hashA, hashB := parameter(a, "narHash"), parameter(b, "narHash")
	switch {
	case parameter(a, "dir") != parameter(b, "dir"):
		return fmt.Sprintf("one is in the folder %q, the other in %q", parameter(a, "dir"), parameter(b, "dir"))
	case hashA != "" && hashB != "" && hashA == hashB:
		return ""
	case a.Dirty || b.Dirty:
		return "their uncommitted changes may differ"
	case a.Rev != b.Rev:
		return fmt.Sprintf("one is of revision %s, the other of %s", cmp.Or(a.Rev, "none"), cmp.Or(b.Rev, "none"))
	case a.Rev == "":
		return "they name no revision"
	}
	return ""
}

// index finds the machines and causes of a report, and takes out what an earlier merge said about
// missing shards.
func (m *merger) index(p *part) {
	p.unexplained = p.report.Verdict != result.VerdictPassed && result.VerdictOf(p.report.Cells, p.report.Causes, false) == result.VerdictPassed
	p.machines, p.causes, p.blocking = map[string]*machine{}, map[string][]int{}, map[string][]int{}
	of := p.report.Machines
	if len(of) == 0 {
		of = []result.Machine{{Name: nameOf(p.file), Started: p.report.Started, Duration: p.report.Duration}}
	}
	for _, r := range of {
		r.Shard = withoutOthers(r.Shard)
		given := r.Name
		r.Name = cmp.Or(r.Name, nameOf(p.file))
		if part := ", " + partName(r.Shard); r.Shard != nil && !strings.HasSuffix(r.Name, part) {
			r.Name += part
		}
		on := &machine{Machine: r}
		if i := slices.IndexFunc(m.machines, on.same); i >= 0 {
			on = m.machines[i] // of reports that were merged before
		} else {
			m.machines = append(m.machines, on)
		}
		p.machines[given] = on
		if len(of) == 1 {
			p.only = on
		}
	}
	m.takeOutMissing(p)
	m.addTested(p)
	for i, c := range p.report.Causes {
		if c.ID != "" {
			p.causes[c.ID] = append(p.causes[c.ID], i)
		}
		for _, id := range c.Cells {
			p.blocking[id] = append(p.blocking[id], i)
		}
	}
}

// addTested notes which cells of which selection have results.
func (m *merger) addTested(p *part) {
	for _, c := range p.report.Cells {
		if on := p.on(c); on != nil && !c.Removed() {
			if m.tested[on.Selection] == nil {
				m.tested[on.Selection] = map[string]result.Cell{}
			}
			m.tested[on.Selection][c.ID] = c.Cell
		}
	}
}

// nameOf names a machine after its report, which does not name it.
func nameOf(file string) string {
	name := strings.TrimSuffix(file, ".json")
	if dir, base := path.Split(name); base == "report" && path.Clean(dir) != "." {
		return path.Clean(dir)
	}
	return name
}

// same reports whether two are the same run.
func (a *machine) same(b *machine) bool {
	x, y := a.Machine, b.Machine
	x.Shard, y.Shard = nil, nil
	x.Started = y.Started
	return a.shard() == b.shard() && a.Started.Equal(b.Started) && x == y
}

// on returns the machine of a result, nil if the report does not say it.
func (p *part) on(c result.CellResult) *machine {
	if on := p.machines[c.Machine]; on != nil && c.Machine != "" {
		return on
	}
	return p.only
}

// nameMachines makes the names unique. They say the attempt where that matters.
func (m *merger) nameMachines() {
	slices.SortStableFunc(m.machines, func(a, b *machine) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.index(), b.index()), cmp.Compare(a.Name, b.Name))
	})
	count := map[string]int{}
	for _, on := range m.machines {
		count[on.Name]++
	}
	taken := map[string]bool{}
	for _, on := range m.machines {
		if count[on.Name] > 1 && on.Attempt > 0 {
			on.Name += fmt.Sprintf(", attempt %d", on.Attempt)
		}
		name := on.Name
		for n := 2; taken[on.Name]; n++ {
			on.Name = fmt.Sprintf("%s (%d)", name, n)
		}
		taken[on.Name] = true
	}
}

func (a *machine) index() int {
	if a.Shard == nil {
		return 0
	}
	return a.Shard.Index
}

func (a *machine) shard() string {
	if a.Shard == nil {
		return ""
	}
	return a.Shard.String()
}

// leg is what the attempts of one part of a run have in common. Selection and system are not
// known of an attempt that failed early.
type leg struct{ run, job, shard string }

func (a *machine) leg() leg { return leg{a.Run, a.Job, a.shard()} }

// outdoes reports whether one run is a later attempt at what another one did.
func (a *machine) outdoes(b *machine) bool {
	agree := func(x, y string) bool { return x == y || x == "" || y == "" }
	return a != nil && b != nil && a.Run != "" && a.leg() == b.leg() && a.Attempt > b.Attempt && b.Attempt > 0 &&
		agree(a.Selection, b.Selection) && agree(a.System, b.System)
}

// findRepeated finds the runs that a later attempt repeated.
func (m *merger) findRepeated() {
	legs := map[leg][]*machine{}
	for _, on := range m.machines {
		if on.Run != "" {
			legs[on.leg()] = append(legs[on.leg()], on)
		}
	}
	for _, attempts := range legs {
		for _, on := range attempts {
			on.repeated = slices.ContainsFunc(attempts, func(other *machine) bool { return other.outdoes(on) })
		}
	}
	for _, p := range m.parts {
		p.repeated = true
		for _, on := range p.machines {
			p.repeated = p.repeated && on.repeated
		}
	}
}
