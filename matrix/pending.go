package matrix

import "github.com/flakeci/flakeci/result"

// Pending keeps the cells that are still to do. With a VM to boot, it also keeps those of its group
// that may come along, since a home can be activated only in a VM of the same job.
func (m Matrix) Pending(todo, along func(result.Cell) bool) Matrix {
	g := m.grouping()
	boots := map[string]bool{}
	for _, c := range m.Cells {
		if c.Kind == result.KindVM && todo(c) {
			boots[g.of(c)] = true
		}
	}
	var cells []result.Cell
	for _, c := range m.Cells {
		if todo(c) || boots[g.of(c)] && along(c) {
			cells = append(cells, c)
		}
	}
	return assemble(m.offered(), cells, m.scope)
}

// Weights estimates how many seconds cells take, by id.
func (m Matrix) Weights(p Past) map[string]float64 {
	weigh, all := m.weigher(p), map[string]float64{}
	for _, c := range m.Cells {
		all[c.ID] = weigh(c)
	}
	return all
}
