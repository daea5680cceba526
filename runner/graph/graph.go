// Package graph decides what to build next. It knows the derivations to build, what each
// needs, and which goals need it. It starts nothing and reads no clock.
//
// A [Goal] is a derivation that a caller wants. [Graph.Add] adds it with everything that has to
// be built for it. [Graph.Take] returns a [Part]: derivations for one nix process, none of
// which is in another part. What they need is done or in the same part. The same goals need all
// of a part, so that it can be dropped with them, and what goals share comes before what only
// one needs. [Graph.Done] and [Graph.End] report progress, and [Graph.Ended] returns the goals
// that this ends.
package graph

import "slices"

// Goal is a derivation that is wanted. The first is 0.
type Goal int

// Graph holds what is to be built. The zero value is empty.
type Graph struct {
	// OneRoot makes each part one derivation and what it needs.
	OneRoot bool

	nodes map[string]*node
	// order holds what is still to be built, each derivation after those it needs.
	order    []*node
	goals    []goal
	ended    []Goal
	classes  []int // of all goals
	searches int   // how often Failed has searched
	// exhausted means that Take found nothing, and nothing has changed since.
	exhausted bool
}

type goal struct {
	top   *node
	class int
	// open counts the derivations it needs that may still be built.
	open  int
	ended bool
}

type state int

const (
	waiting state = iota
	taken
	done
	failed
)

// node is a derivation.
type node struct {
	drv      string
	state    state
	doomed   bool // it needs one that failed
	needs    []*node
	neededBy []*node
	goals    set // that need it and have not ended
	sequence int
	visited  Goal // the last goal whose visit has been here
	searched int  // the last search that was here
	part     *Part
	// During Take: the length of the longest chain from it up to a goal, whether it can be
	// taken, and whether another derivation follows it in its chain.
	height             int
	takeable, followed bool
}

// open reports whether it may still be built.
func (n *node) open() bool { return n.state <= taken && !n.doomed }

// Add adds a derivation as a goal. Needs says what has to be built for each derivation below it.
// What is done or has failed is not built again. The class is the caller's, for [Graph.Take].
func (g *Graph) Add(drv string, class int, needs map[string][]string) Goal {
	if g.nodes == nil {
		g.nodes = map[string]*node{}
	}
	id := Goal(len(g.goals))
	g.goals = append(g.goals, goal{class: class})
	if !slices.Contains(g.classes, class) {
		g.classes = append(g.classes, class)
	}
	top := g.visit(drv, id, needs)
	to := &g.goals[id]
	to.top = top
	g.exhausted = false
	if to.open == 0 || top.state == done {
		g.end(id)
	}
	return id
}

// visit adds a goal to a derivation and to all below it, and makes those that are new.
func (g *Graph) visit(drv string, id Goal, needs map[string][]string) *node {
	if n := g.nodes[drv]; n != nil {
		g.visitKnown(n, id)
		return n
	}
	n := &node{drv: drv, sequence: len(g.nodes), visited: id}
	g.nodes[drv] = n
	for _, need := range needs[drv] {
		below := g.visit(need, id, needs)
		n.needs = append(n.needs, below)
		below.neededBy = append(below.neededBy, n)
		n.doomed = n.doomed || below.doomed || below.state == failed
	}
	g.order = append(g.order, n)
	g.want(n, id)
	return n
}

// visitKnown adds a goal to a derivation that the graph has, and to all below it.
func (g *Graph) visitKnown(n *node, id Goal) {
	if n.visited == id || n.state == done {
		return
	}
	n.visited = id
	for _, below := range n.needs {
		g.visitKnown(below, id)
	}
	g.want(n, id)
}

// want adds a goal to a derivation.
func (g *Graph) want(n *node, id Goal) {
	n.goals.add(id)
	if n.open() {
		g.goals[id].open++
	}
}

// Done notes that a derivation is in the store.
func (g *Graph) Done(drv string) {
	n := g.nodes[drv]
	if n == nil || n.state == done {
		return
	}
	wasOpen := n.open()
	n.state = done
	if slices.ContainsFunc(n.neededBy, func(above *node) bool { return above.state == waiting }) {
		g.exhausted = false
	}
	if wasOpen {
		g.close(n)
	}
	for id := range n.goals.all() {
		if g.goals[id].top == n {
			g.end(id)
		}
	}
}

// fail notes that a derivation could not be built. Nothing above it will be built either.
func (g *Graph) fail(n *node) {
	wasOpen := n.open()
	if n.state == done || n.state == failed {
		return
	}
	n.state = failed
	if wasOpen {
		g.close(n)
	}
	g.doom(n)
}

// doom marks everything above a derivation.
func (g *Graph) doom(n *node) {
	for _, above := range n.neededBy {
		if above.doomed {
			continue
		}
		wasOpen := above.open()
		above.doomed = true
		if wasOpen {
			g.close(above)
		}
		g.doom(above)
	}
}

// close counts a derivation as finished, built or not, for the goals that need it.
func (g *Graph) close(n *node) {
	for id := range n.goals.all() {
		g.goals[id].open--
		if g.goals[id].open == 0 {
			g.end(id)
		}
	}
}

// end ends a goal and drops it from the derivations that it needs.
func (g *Graph) end(id Goal) {
	if g.goals[id].ended {
		return
	}
	g.goals[id].ended = true
	g.ended = append(g.ended, id)
	g.forget(g.goals[id].top, id)
}

// forget removes a goal from a derivation and from all below it.
func (g *Graph) forget(n *node, id Goal) {
	if !n.goals.has(id) {
		return
	}
	n.goals.remove(id)
	for _, below := range n.needs {
		g.forget(below, id)
	}
}

// Ended returns the goals that have ended since the last call: their derivation is done, or
// nothing is left to try.
func (g *Graph) Ended() []Goal {
	ended := g.ended
	g.ended = nil
	return ended
}

// Drop ends a goal early. [Graph.Ended] does not return it.
func (g *Graph) Drop(id Goal) {
	if !g.goals[id].ended {
		g.goals[id].ended = true
		g.forget(g.goals[id].top, id)
	}
}

// IsDone reports whether the derivation of a goal is in the store.
func (g *Graph) IsDone(id Goal) bool { return g.goals[id].top.state == done }

// Failed returns the derivations that a goal needs and that failed, in a fixed order.
func (g *Graph) Failed(id Goal) []string {
	var list []*node
	g.searches++
	var walk func(n *node)
	walk = func(n *node) {
		if n.searched == g.searches || n.state == done {
			return
		}
		n.searched = g.searches
		if n.state == failed {
			list = append(list, n)
		}
		for _, below := range n.needs {
			walk(below)
		}
	}
	walk(g.goals[id].top)
	slices.SortFunc(list, func(a, b *node) int { return a.sequence - b.sequence })
	return names(list)
}

// Goals returns the goals that need a derivation and have not ended.
func (g *Graph) Goals(drv string) []Goal {
	if n := g.nodes[drv]; n != nil {
		return slices.Collect(n.goals.all())
	}
	return nil
}

func names(nodes []*node) []string {
	list := make([]string, 0, len(nodes))
	for _, n := range nodes {
		list = append(list, n.drv)
	}
	return list
}

// Open reports whether a derivation is in the graph and may still be built.
func (g *Graph) Open(drv string) bool { return g.nodes[drv] != nil && g.nodes[drv].open() }

// PartGoals returns the goals that need something of what is left of a part.
func (g *Graph) PartGoals(p *Part) []Goal {
	var wanted set
	for _, n := range p.nodes {
		if n.state == taken && n.part == p {
			for id := range n.goals.all() {
				wanted.add(id)
			}
		}
	}
	return slices.Collect(wanted.all())
}
