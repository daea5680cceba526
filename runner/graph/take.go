package graph

import (
	"encoding/binary"
	"slices"
)

// Part is what one nix process builds.
type Part struct {
	// Drvs are its derivations, each after those it needs; Roots those that no
	// other of the part needs.
	Drvs, Roots []string
	// Goals need all of it.
	Goals []Goal
	// Jobs is how many of them may be built at once, at least 1.
	Jobs int

	nodes []*node
}

// Room is how many more derivations of a class may be built at once, and how many
// may at all.
type Room func(class int) (free, all int)

// Take gives what to build next, or nil if there is nothing that could be begun.
// What has the longest way to go above it comes first, then what most goals need.
func (g *Graph) Take(room Room) *Part {
	hasRoom := func(class int) bool {
		free, _ := room(class)
		return free > 0
	}
	if g.stale || !slices.ContainsFunc(g.classes, hasRoom) {
		return nil
	}
	for _, c := range g.chunks() {
		free, all := room(c.class(g))
		if free > 0 {
			return g.take(c, free, max(all, free))
		}
	}
	return nil
}

// chunk is all that could be begun now for the same goals.
type chunk []*node

func (c chunk) class(g *Graph) int {
	for id := range c[0].goals.all() {
		return g.goals[id].class
	}
	return 0
}

// chunks are all chunks, the most urgent first.
func (g *Graph) chunks() []chunk {
	g.order = slices.DeleteFunc(g.order, func(n *node) bool { return n.state >= done })
	byGoals := map[string]int{}
	var chunks []chunk
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
			i = len(chunks)
			byGoals[key] = i
			chunks = append(chunks, nil)
		}
		chunks[i] = append(chunks[i], n)
	}
	g.stale = len(chunks) == 0
	g.measure()
	slices.SortStableFunc(chunks, func(a, b chunk) int {
		if d := b.height() - a.height(); d != 0 {
			return d
		}
		return b[0].goals.len() - a[0].goals.len()
	})
	return chunks
}

// measure finds the height of all that is waiting.
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

func (c chunk) height() int {
	top := 0
	for _, n := range c {
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

// mostOfPart is how many derivations one process gets at most. Nix 2.34 takes the
// longer to start each builder the more it has to build: 200 that do nothing take
// it 6.5 s, 50 take 0.4 s.
const mostOfPart = 64

// take makes a part of a chunk: all of it where there is room for all that can be
// built at once, else no more than is right for the room. How many builders a
// process may have is settled when it starts, so one that begins with few must not
// keep what others could soon take.
func (g *Graph) take(c chunk, free, all int) *Part {
	nodes := []*node(c)
	most := max(mostOfPart, 2*free)
	if free < all && width(nodes) > free {
		most = min(most, max(1, len(c)*free/(2*all)))
	}
	if g.OneRoot {
		nodes = c.below(most)
	} else if most < len(c) {
		nodes = c.first(most)
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

// first is a number of derivations of a chunk, the most urgent with what they need.
func (c chunk) first(most int) []*node {
	// A derivation is lower than what it needs: these come before it.
	first := slices.Clone(c)
	slices.SortStableFunc(first, func(a, b *node) int { return b.height - a.height })
	return first[:min(most, len(first))]
}

// below is a derivation of a chunk with all it needs there, of those that need no
// more than a number of them the one that needs the most.
func (c chunk) below(most int) []*node {
	in := map[*node]bool{}
	for _, n := range c {
		in[n] = true
	}
	var best map[*node]bool
	for _, n := range slices.Backward(c) {
		found := map[*node]bool{}
		if collect(n, in, found, most) && len(found) > len(best) {
			best = found
		}
		if len(best) == min(most, len(c)) {
			break
		}
	}
	return slices.DeleteFunc(slices.Clone(c), func(n *node) bool { return !best[n] })
}

// collect finds a derivation and what it needs of some, if that is not too much.
func collect(n *node, in, found map[*node]bool, most int) bool {
	if found[n] || !in[n] {
		return true
	}
	found[n] = true
	return len(found) <= most && !slices.ContainsFunc(n.needs, func(below *node) bool { return !collect(below, in, found, most) })
}

// width is how many of some derivations could be built at once, at most: into as
// many chains, each needing the one before, they can be parted. Nodes come after
// what they need.
func width(nodes []*node) int {
	for _, n := range nodes {
		n.followed = false
		for _, below := range n.needs {
			below.followed = true // those that are not among the nodes
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

// Width is how many derivations of a part could still be built at once.
func (g *Graph) Width(p *Part) int {
	return width(slices.DeleteFunc(slices.Clone(p.nodes), func(n *node) bool { return n.state != taken || n.part != p }))
}

// End says that the process for a part has ended. Of one that ended well the roots
// are in the store; of another these derivations failed. What is neither is free
// for others.
func (g *Graph) End(p *Part, well bool, failures []string) {
	g.stale = false
	if well {
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

// Left are the derivations of a part that are neither done nor failed.
func (p *Part) Left() []string {
	return names(slices.DeleteFunc(slices.Clone(p.nodes), func(n *node) bool { return n.state != taken }))
}
