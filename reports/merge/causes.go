package merge

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/flakeci/flakeci/result"
)

// joined is one cause of all reports.
type joined struct{ result.Cause }

// join joins a cause to the others with its key.
func (m *merger) join(c result.Cause) *joined {
	key := c.StableKey()
	j := m.joined[key]
	if j == nil {
		j = &joined{c}
		j.Key, j.ID, j.Cells = key, "", []string{}
		m.joined[key] = j
		return j
	}
	j.complete(c)
	return j
}

// complete adds what another report knows of the cause.
func (j *joined) complete(c result.Cause) {
	j.Hint = cmp.Or(j.Hint, c.Hint)
	if j.Log == "" {
		j.Log = c.Log
		j.LogTail = cmp.Or(j.LogTail, c.LogTail)
	}
	if j.Location == nil || j.Excerpt == nil && c.Excerpt != nil {
		j.Location, j.Excerpt = c.Location, c.Excerpt
	}
	if since := c.Since; since != nil && (j.Since == nil || since.Started.Before(j.Since.Started)) {
		j.Since = since
	}
}

// linkCauses joins the causes of the cells, gives them ids in the order of the cells, and replaces
// the ids in the cells.
func (m *merger) linkCauses() {
	for i := range m.cells {
		c := &m.cells[i]
		if c.from != nil {
			for _, index := range c.from.causesOf(c.CellResult) {
				c.causes = append(c.causes, m.join(c.from.report.Causes[index]))
			}
		}
		c.Causes = nil
		for _, j := range c.causes {
			if j.ID == "" {
				j.ID = "c" + strconv.Itoa(len(m.out.Causes)+1)
				m.out.Causes = append(m.out.Causes, j.Cause)
			}
			if !slices.Contains(c.Causes, j.ID) {
				c.Causes = append(c.Causes, j.ID)
				j.Cells = append(j.Cells, c.ID)
			}
		}
		c.Phases = slices.Clone(c.Phases)
		for k, p := range c.Phases {
			c.Phases[k].Causes = m.renumbered(c.from, p.Causes)
		}
	}
	for i, c := range m.out.Causes {
		m.out.Causes[i] = m.joined[c.Key].Cause
	}
}

// causesOf returns the indexes of the causes of a cell. The cell names them, or they name it.
func (p *part) causesOf(c result.CellResult) []int {
	var all []int
	seen := map[int]bool{}
	add := func(indexes []int) {
		for _, index := range indexes {
			if !seen[index] {
				seen[index] = true
				all = append(all, index)
			}
		}
	}
	for _, id := range c.Causes {
		add(p.causes[id])
	}
	add(p.blocking[c.ID])
	return all
}

// renumbered replaces the ids of a phase's causes.
func (m *merger) renumbered(p *part, ids []string) []string {
	var list []string
	for _, id := range ids {
		if p == nil {
			break
		}
		for _, index := range p.causes[id] {
			if j := m.joined[p.report.Causes[index].StableKey()]; j != nil && j.ID != "" && !slices.Contains(list, j.ID) {
				list = append(list, j.ID)
			}
		}
	}
	return list
}

// addFlakeCauses adds the causes that block no cell of their report, unless a later attempt
// repeated the run.
func (m *merger) addFlakeCauses() {
	byKey := map[string]int{}
	add := func(c result.Cause) {
		key := c.StableKey()
		if at, there := byKey[key]; there {
			j := joined{m.out.Causes[at]}
			j.complete(c)
			m.out.Causes[at] = j.Cause
			return
		}
		byKey[key] = len(m.out.Causes)
		c.ID, c.Key, c.Cells = "f"+strconv.Itoa(len(byKey)), key, []string{}
		m.out.Causes = append(m.out.Causes, c)
	}
	for _, p := range m.parts {
		if p.repeated {
			continue
		}
		linked := map[int]bool{}
		for _, c := range p.report.Cells {
			for _, index := range p.causesOf(c) {
				linked[index] = true
			}
		}
		for i, c := range p.report.Causes {
			if !linked[i] {
				add(c)
			}
		}
	}
	for _, c := range m.extra {
		add(c)
	}
}
