package graph

import (
	"encoding/binary"
	"slices"
)

// Part is what one nix process builds.
type Part struct {
	// Drvs are its derivations, each after those it needs. Roots are those that no other one
	// of the part needs.
	Drvs, Roots []string
	// Goals need all of it.
	Goals []Goal
	// Jobs is how many derivations may be built at once, at least 1.
	Jobs int

	nodes []*node
}

// Room returns how many more derivations of a class may be built now, and how many may be
// built at once in all.
type Room func(class int) (free, all int)

// Take returns what to build next, or nil if nothing can be built now. What starts the longest
// chain comes first, then what most goals need.
func (g *Graph) Take(room Room) *Part {
	hasRoom := func(class int) bool {
		free, _ := room(class)
		return free > 0
	}
	if g.exhausted || !slices.ContainsFunc(g.classes, hasRoom) {
		return nil
	}
	for _, grp := range g.groups() {
		free, all := room(grp.class(g))
		if free > 0 {
			return g.take(grp, free, max(all, free))
		}
	}
	return nil
}

// group is everything that could be built now for the same goals.
type group []*node

func (grp group) class(g *Graph) int {
	for id := range grp[0].goals.all() {
		return g.goals[id].class
	}
	return 0
}

// groups returns all groups, the most urgent first.
func (g *Graph) groups() []group {
	g.order = slices.DeleteFunc(g.order, func(n *node) bool { return n.state >= done })
	byGoals := map[string]int{}
	var groups []group
	for _, n := range g.order {
		n.takeable = n.state == waiting && !n.doomed && n.goals.len() > 0 && !slices.ContainsFunc(n.needs, func(below *node) bool {
			return below.state != done && !(below.takeable && below.goals.equal(n.goals))
		})
		if !n.takeable {
			continue
		}
		key := n.goals.key()
		i, ok := byGoals[key]
		if !ok {
			i = len(groups)
			byGoals[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n)
	}
	g.exhausted = len(groups) == 0
	g.measure()
	slices.SortStableFunc(groups, func(a, b group) int {
		if d := b.height() - a.height(); d != 0 {
			return d
		}
		return b[0].goals.len() - a[0].goals.len()
	})
	return groups
}

// measure sets the height of every waiting derivation.
func (g *Graph) measure() {
	for _, n := range g.order {
		n.height = 0
	}
	for _, n := range slices.Backward(g.order) {
		n.height++
		for _, below := range n.needs {
			below.height = max(below.height, n.height)
		}
	}
}

func (grp group) height() int {
	top := 0
	for _, n := range grp {
		top = max(top, n.height)
	}
	return top
}

func (s set) key() string {
	b := make([]byte, 0, len(s)*8)
	for _, word := range s {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1] // sets grow at different times
	}
	return string(b)
}

// maxPart limits how many derivations one process gets, unless it has slots for more than half
// as many. The more Nix 2.34 has to build, the longer it takes to start each builder: 200
// derivations that do nothing take it 6.5 s, 50 take 0.4 s.
const maxPart = 64

// take makes a part of a group: all of it if there is room for everything that can be built at
// once, otherwise a share that fits the room. A process cannot get more builders once it runs, so
// one that starts with few must not hold derivations that others could soon take.
func (g *Graph) take(grp group, free, all int) *Part {
	nodes := []*node(grp)
	limit := max(maxPart, 2*free)
	if free < all && width(nodes) > free {
		limit = min(limit, max(1, len(grp)*free/(2*all)))
	}
	if g.OneRoot {
		nodes = grp.largestBelow(limit)
	} else if limit < len(grp) {
		nodes = grp.mostUrgent(limit)
	}
	p := &Part{Jobs: min(width(nodes), free), nodes: nodes, Drvs: names(nodes), Goals: slices.Collect(nodes[0].goals.all())}
	for _, n := range nodes {
		n.state, n.part = taken, p
	}
	for _, n := range nodes {
		if !slices.ContainsFunc(n.neededBy, func(above *node) bool { return above.part == p }) {
			p.Roots = append(p.Roots, n.drv)
		}
	}
	return p
}

// mostUrgent returns up to limit derivations: the most urgent ones, with what they need.
func (grp group) mostUrgent(limit int) []*node {
	// What a derivation needs is higher than itself, so it comes before it.
	first := slices.Clone(grp)
	slices.SortStableFunc(first, func(a, b *node) int { return b.height - a.height })
	return first[:min(limit, len(first))]
}

// largestBelow returns one derivation with everything that it needs of the group: the one that
// needs the most, but no more than limit in all.
func (grp group) largestBelow(limit int) []*node {
	in := map[*node]bool{}
	for _, n := range grp {
		in[n] = true
	}
	var best map[*node]bool
	for _, n := range slices.Backward(grp) {
		found := map[*node]bool{}
		if collect(n, in, found, limit) && len(found) > len(best) {
			best = found
		}
		if len(best) == min(limit, len(grp)) {
			break
		}
	}
	return slices.DeleteFunc(slices.Clone(grp), func(n *node) bool { return !best[n] })
}

// collect adds a derivation and what it needs to found, if they are in the group. It reports
// whether that fits.
func collect(n *node, in, found map[*node]bool, limit int) bool {
	if found[n] || !in[n] {
		return true
	}
	found[n] = true
	return len(found) <= limit && !slices.ContainsFunc(n.needs, func(below *node) bool { return !collect(below, in, found, limit) })
}

// width bounds how many of these derivations could be built at once: it counts the chains, each
// derivation needing the one before, that they split into. Nodes come after what they need.
func width(nodes []*node) int {
	for _, n := range nodes {
		n.followed = false
		for _, below := range n.needs {
			below.followed = true // so that those that are not among the nodes start no chain
		}
	}
	for _, n := range nodes {
		n.followed = false
	}
	chains := len(nodes)
	for _, n := range nodes {
		for _, below := range n.needs {
			if !below.followed {
				below.followed = true
				chains--
				break
			}
		}
	}
	return chains
}

// Width bounds how many derivations of a part could still be built at once.
func (g *Graph) Width(p *Part) int {
	return width(slices.DeleteFunc(slices.Clone(p.nodes), func(n *node) bool { return n.state != taken || n.part != p }))
}

// End notes that the process for a part has ended. After a success the roots are in the store;
// otherwise these derivations failed. The rest can be taken again.
func (g *Graph) End(p *Part, success bool, failures []string) {
	g.exhausted = false
	if success {
		for _, drv := range p.Roots {
			g.Done(drv)
		}
	}
	for _, drv := range failures {
		if n := g.nodes[drv]; n != nil {
			g.fail(n)
		}
	}
	for _, n := range p.nodes {
		if n.state == taken && n.part == p {
			n.state, n.part = waiting, nil
		}
	}
	p.nodes = nil
}

// Remaining returns the derivations of a part that are neither done nor failed.
func (p *Part) Remaining() []string {
	return names(slices.DeleteFunc(slices.Clone(p.nodes), func(n *node) bool { return n.state != taken }))
}
