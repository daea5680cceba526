package merge

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// planName is what missingShards calls the plan, which is no shard.
const planName = "plan"

// isPlan reports whether the run was `flakeci plan`.
func (a *machine) isPlan() bool { return a != nil && a.Shard != nil && a.Shard.IsPlan() }

// dropStale drops the runs of shards that a later attempt planned anew. That may have divided the
// cells differently.
func (m *merger) dropStale() {
	latest := map[string]int{} // attempts of plans by workflow run
	for _, p := range m.parts {
		if on := p.alone(); on.Shard != nil && on.Shard.IsPlan() && on.Run != "" {
			latest[on.Run] = max(latest[on.Run], on.Attempt)
		}
	}
	m.parts = slices.DeleteFunc(m.parts, func(p *part) bool {
		on := p.alone()
		return on.Shard != nil && on.Shard.Planned && on.Run != "" && on.Attempt < latest[on.Run]
	})
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
