package matrix

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/matrix/balance"
	"github.com/flakeci/flakeci/result"
)

// ShardError says that a text is not a shard.
type ShardError struct {
	Text string // as given
}

// Error shows the text and the right form.
func (e *ShardError) Error() string {
	return fmt.Sprintf("shard %q is not I/N with I from 1 to N", e.Text)
}

// ParseShard parses a shard such as 2/4, the second of four. The error is a [*ShardError].
func ParseShard(text string) (i, n int, err error) {
	first, second, _ := strings.Cut(text, "/")
	i, errI := strconv.Atoi(first)
	n, errN := strconv.Atoi(second)
	if errI != nil || errN != nil || i < 1 || i > n {
		return 0, 0, &ShardError{Text: text}
	}
	return i, n, nil
}

// Shard returns the i-th of n parts, counted from 1. Every cell is in one part. A part out of range
// is empty. The parts are those of [Matrix.Strategy] for as many jobs, if nothing is known of
// earlier runs, and if there are as many jobs as systems.
func (m Matrix) Shard(i, n int) Matrix {
	parts := m.division(Past{}).exactly(n)
	var cells []result.Cell
	if i >= 1 && i <= len(parts) {
		cells = parts[i-1].cells
	}
	s := m.scope
	if i > 1 {
		s.untested = nil // the first shard shows them
	}
	return assemble(m.offered(), cells, s)
}

// grouping says which cells stay together. It maps a group that joined another one to that.
type grouping map[string]string

// grouping makes groups of what shares most of what has to be built: a host, its VM, the homes that
// it embeds, and the homes that serve no other host. A home can be activated only in a VM of the
// same shard, so one that serves several booted hosts keeps all of them together.
func (m Matrix) grouping() grouping {
	g := grouping{}
	hosts := map[string]result.Cell{}
	for _, c := range m.Cells {
		if _, taken := hosts[c.Host]; c.Kind.IsHost() && !taken {
			hosts[c.Host] = c
		}
	}
	for _, home := range m.Cells {
		if home.Kind != result.KindHome || home.PartOf != "" {
			continue
		}
		if rows := m.offered().rows(home); len(rows) == 1 {
			if host, ok := hosts[rows[0]]; ok {
				g[home.ID] = host.ID
			}
		}
	}
	for _, vm := range m.Cells {
		if vm.Kind != result.KindVM {
			continue
		}
		for _, user := range m.Grid.Users {
			home, ok := m.Home(vm.Host, user)
			if !ok || home.PartOf != "" {
				continue
			}
			if from, to := g.of(home), g.of(vm); from == home.ID {
				g[from] = to
			} else if from != to {
				g[to] = from
			}
		}
	}
	return g
}

// of returns the group of a cell, named after the host in it if there is one.
func (g grouping) of(c result.Cell) string {
	id := c.ID
	switch {
	case c.PartOf != "":
		id = c.PartOf
	case c.Kind == result.KindVM:
		id = cellID(string(result.KindNixOS), c.Host)
	}
	for g[id] != "" {
		id = g[id]
	}
	return id
}

// division is the cells of a matrix, ready to be divided among jobs.
type division []share

// share is the cells for one system, in groups that stay together.
type share struct {
	system string
	groups []balance.Group
	cells  map[string][]result.Cell // by the key of their group
	weight float64
}

// part is the cells of one job.
type part struct {
	system string
	i, n   int // the i-th of n parts for the system, counted from 1
	cells  []result.Cell
}

// division groups the cells by system, and weighs them. A group with cells for two systems is one
// for each.
func (m Matrix) division(p Past) division {
	g := m.grouping()
	system, weigh := m.systemsOf(g, p), m.weigher(p)
	bySystem := map[string]map[string][]result.Cell{}
	for _, c := range m.Cells {
		s, group := system(c), g.of(c)
		if bySystem[s] == nil {
			bySystem[s] = map[string][]result.Cell{}
		}
		bySystem[s][group] = append(bySystem[s][group], c)
	}
	var d division
	for _, name := range slices.Sorted(maps.Keys(bySystem)) {
		s := share{system: name, cells: bySystem[name]}
		for _, key := range slices.Sorted(maps.Keys(s.cells)) {
			group := balance.Group{Key: key}
			for _, c := range s.cells[key] {
				group.Weight += weigh(c)
			}
			s.groups = append(s.groups, group)
			s.weight += group.Weight
		}
		d = append(d, s)
	}
	return d
}

// exactly divides the cells among n jobs. If there are fewer jobs than systems, some jobs have
// cells for several. There are fewer parts only if there are not enough groups.
func (d division) exactly(n int) []part {
	if n >= len(d) {
		return d.parts(d.allot(n))
	}
	all := share{cells: map[string][]result.Cell{}}
	for _, s := range d {
		for _, group := range s.groups {
			key := s.system + " " + group.Key
			all.cells[key] = s.cells[group.Key]
			all.groups = append(all.groups, balance.Group{Key: key, Weight: group.Weight})
		}
	}
	return division{all}.parts([]int{max(n, 0)})
}

// atMost divides the cells among at most n jobs, but at least one for each system. It makes fewer
// if that makes the jobs even and takes hardly longer.
func (d division) atMost(n int) []part {
	counts := d.allot(max(n, len(d)))
	for i, s := range d {
		counts[i] = balance.Parts(s.groups, counts[i])
	}
	return d.parts(counts)
}

// allot says how many of n jobs each system gets: one, and then each job goes where jobs have most
// to do.
func (d division) allot(n int) []int {
	counts := make([]int, len(d))
	for i := range counts {
		counts[i] = 1
	}
	for range n - len(d) {
		best := -1
		for i, s := range d {
			if counts[i] < len(s.groups) && (best < 0 || s.weight/float64(counts[i]) > d[best].weight/float64(counts[best])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		counts[best]++
	}
	return counts
}

// parts divides the cells of each system among a number of jobs.
func (d division) parts(counts []int) (all []part) {
	for i, s := range d {
		n := min(counts[i], len(s.groups))
		own := make([]part, n)
		for group, to := range balance.Split(s.groups, n) {
			if n > 0 {
				own[to].cells = append(own[to].cells, s.cells[s.groups[group].Key]...)
			}
		}
		for k := range own {
			own[k].system, own[k].i, own[k].n = s.system, k+1, n
			slices.SortFunc(own[k].cells, Compare)
		}
		all = append(all, own...)
	}
	return all
}
