package merge

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// planName is what missingShards calls the plan, which is no shard.
const planName = "plan"

// isPlan reports whether the run was `flakeci plan`.
func (a *machine) isPlan() bool { return a != nil && a.Shard != nil && a.Shard.IsPlan() }

// dropStale drops the plans that a later attempt made anew, and the runs of their shards: the new
// plan may divide the cells differently.
func (m *merger) dropStale() {
	var plans []result.Machine
	for _, p := range m.parts {
		if on := p.alone(); on.Shard != nil && on.Shard.IsPlan() && on.Run != "" {
			plans = append(plans, on)
		}
	}
	replaced := func(old result.Machine) bool {
		return slices.ContainsFunc(plans, func(p result.Machine) bool {
			return p.Run == old.Run && p.Job == old.Job && p.Selection == old.Selection && p.Attempt > old.Attempt
		})
	}
	current := slices.DeleteFunc(slices.Clone(plans), replaced)
	m.parts = slices.DeleteFunc(m.parts, func(p *part) bool {
		on := p.alone()
		if on.Shard == nil || !on.Shard.Planned {
			return false
		}
		return on.Shard.IsPlan() && replaced(on) || precedes(on, current)
	})
}

// precedes reports whether a shard ran before all plans that it may be of were made. A shard that
// failed early does not know its selection.
func precedes(on result.Machine, plans []result.Machine) bool {
	of := slices.DeleteFunc(slices.Clone(plans), func(p result.Machine) bool {
		return p.Run != on.Run || on.Selection != "" && p.Selection != on.Selection
	})
	return len(of) > 0 && !slices.ContainsFunc(of, func(p result.Machine) bool { return p.Attempt <= on.Attempt })
}

// alone returns the machine of a report that is not a merged one.
func (p *part) alone() result.Machine {
	if len(p.report.Machines) == 1 {
		return p.report.Machines[0]
	}
	return result.Machine{}
}

// takeOutPending takes out of the report of a plan what shards are to build, and what they had to
// repeat, such as a home that is activated in a VM: their results count.
func (m *merger) takeOutPending() {
	elsewhere := map[string]bool{}
	for _, p := range m.parts {
		for _, c := range p.report.Cells {
			if !p.on(c).isPlan() {
				elsewhere[c.ID] = true
			}
		}
	}
	for _, p := range m.parts {
		p.report.Cells = slices.DeleteFunc(slices.Clone(p.report.Cells), func(c result.CellResult) bool {
			on := p.on(c)
			pending := c.How == result.Evaluated && !m.options.Partial
			if !on.isPlan() || c.Status != result.Passed || !pending && !elsewhere[c.ID] {
				return false
			}
			delete(m.tested[on.Selection], c.ID)
			m.lacking = append(m.lacking, c.Cell)
			return true
		})
	}
	for _, p := range m.parts { // some of those are tested elsewhere
		m.addTested(p)
	}
}
