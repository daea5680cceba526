package matrix

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
// is empty. A host, its VM and the homes that it embeds share most of what has to be built, so
// they stay together, and so do a VM and the homes to activate in it.
//
// Such groups are dealt out evenly, one kind after the other, since hosts and homes differ in
// weight. Hashes of their names decide which shard gets which group: a new cell in the flake
// moves few others, and caches filled for a shard stay useful.
func (m Matrix) Shard(i, n int) Matrix {
	return m.part(m.deal(n), i)
}

// part keeps the cells whose groups were dealt to a shard.
func (m Matrix) part(d dealt, i int) Matrix {
	cells := slices.DeleteFunc(slices.Clone(m.Cells), func(c result.Cell) bool { return d.shards[d.of(c)] != i })
	s := m.scope
	if i > 1 {
		s.untested = nil // the first shard shows them
	}
	return assemble(m.offered(), cells, s)
}

// grouping says which cells stay together. It maps a group that joined another one to that.
type grouping map[string]string

// grouping puts homes that are activated in a VM in the group of its host. A home that serves
// several such hosts keeps all of them together.
func (m Matrix) grouping() grouping {
	g := grouping{}
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

// dealt says which shard each group is in.
type dealt struct {
	grouping
	shards map[string]int
}

// deal gives every group a shard from 1 to n.
func (m Matrix) deal(n int) dealt {
	d := dealt{m.grouping(), map[string]int{}}
	if n < 1 {
		return d
	}
	loads := make([]int, n)
	for _, groups := range m.groups(d.grouping) {
		slots := len(d.shards) + len(groups)
		for _, g := range groups {
			shard := prefer(g, loads, slots)
			loads[shard]++
			d.shards[g] = shard + 1
		}
	}
	return d
}

// groups lists the groups by kind. Within a kind they are sorted by hash, so that a new group does
// not change the order of the others.
func (m Matrix) groups(grouping grouping) [][]string {
	byKind := make([][]string, 1+len(result.Kinds()))
	seen := map[string]bool{}
	for _, c := range m.Cells {
		g := grouping.of(c)
		if seen[g] {
			continue
		}
		seen[g] = true
		kind, _, _ := strings.Cut(g, "/")
		k := 1 + slices.Index(result.Kinds(), result.Kind(kind)) // 0 for an unknown kind
		byKind[k] = append(byKind[k], g)
	}
	for _, groups := range byKind {
		slices.SortFunc(groups, func(a, b string) int {
			return cmp.Or(cmp.Compare(hash(a, 0), hash(b, 0)), cmp.Compare(a, b))
		})
	}
	return byKind
}

// prefer returns the shard that a group prefers among those that are not full yet. Groups is the
// total number of groups, which the shards share evenly.
func prefer(group string, loads []int, groups int) int {
	fair, more := groups/len(loads), groups%len(loads)
	for _, load := range loads {
		if load > fair {
			more-- // one of the shards that may have one group more
		}
	}
	best, highest := 0, uint64(0)
	for shard, load := range loads {
		free := load < fair || load == fair && more > 0
		if h := hash(group, shard+1); free && h >= highest {
			best, highest = shard, h
		}
	}
	return best
}

// hash hashes a group and a shard. It must never change, or all shards would change.
func hash(group string, shard int) uint64 {
	sum := sha256.Sum256([]byte(strconv.Itoa(shard) + " " + group))
	return binary.BigEndian.Uint64(sum[:])
}
