// Package graph decides what is built next. It knows derivations that are to be
// built, what each needs, and for which goals; it starts nothing and reads no
// clock.
//
// A [Goal] is one derivation that somebody wants. [Graph.Add] takes it in with
// all that has to be built for it. [Graph.Take] gives a [Part]: derivations for
// one nix process, none of them in another part, all they need done or in the
// part as well. All of a part is needed by the same goals, so that it can be
// given up with them, and what others share comes before what is theirs alone.
// [Graph.Done] and [Graph.End] tell what became of it, and [Graph.Ended] which
// goals that settles.
package graph

import "slices"

// Goal is one derivation that is wanted. Goals count from 0.
type Goal int

// Graph is what is to be built. The zero value is empty.
type Graph struct {
	// OneRoot makes parts of which only one derivation is asked for, whose own
	// needs are the rest.
	OneRoot bool

	nodes map[string]*node
	// order has what is still to be built, whatever a derivation needs before it.
	order []*node
	goals []goal
	ended []Goal
	// classes are those of all goals.
	classes []int
	walks   int // of Failed
	// stale says that Take found nothing and nothing came about since.
	stale bool
}

type goal struct {
	top   *node
	class int
	// open is how many of the derivations it needs may still be built.
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
	drv   string
	state state
	// doomed is one that needs another which failed.
	doomed    bool
	needs     []*node
	neededBy  []*node
	goals     set // that have not ended
	sequence  int
	reachable Goal // the last goal that has found it
	walked    int  // the last walk that came by
	part      *Part
	// While Take looks: the longest way up to a goal, whether it can be taken,
	// and whether another derivation of the chain it is in comes after it.
	height             int
	takeable, followed bool
}

// open says whether it may still be built.
func (n *node) open() bool { return n.state <= taken && !n.doomed }

// Add takes in a derivation as a goal, with what has to be built for each
// derivation below it. Nothing that has an end already is built again. The class
// is the caller's, for [Graph.Take].
func (g *Graph) Add(drv string, class int, needs map[string][]string) Goal {
	if g.nodes == nil {
		g.nodes = map[string]*node{}
	}
	id := Goal(len(g.goals))
	g.goals = append(g.goals, goal{class: class})
	if !slices.Contains(g.classes, class) {
		g.classes = append(g.classes, class)
	}
	top := g.reach(drv, id, needs)
	to := &g.goals[id]
	to.top = top
	g.stale = false
	if to.open == 0 || top.state == done {
		g.end(id)
	}
	return id
}

// reach finds a derivation and all below it for a goal, and makes those that are
// new.
func (g *Graph) reach(drv string, id Goal, needs map[string][]string) *node {
	if n := g.nodes[drv]; n != nil {
		g.reachKnown(n, id)
		return n
	}
	n := &node{drv: drv, sequence: len(g.nodes), reachable: id}
	g.nodes[drv] = n
	for _, need := range needs[drv] {
		below := g.reach(need, id, needs)
		n.needs = append(n.needs, below)
		below.neededBy = append(below.neededBy, n)
		n.doomed = n.doomed || below.doomed || below.state == failed
	}
	g.order = append(g.order, n)
	g.want(n, id)
	return n
}

// reachKnown finds what is known already for one more goal.
func (g *Graph) reachKnown(n *node, id Goal) {
	if n.reachable == id || n.state == done {
		return
	}
	n.reachable = id
	for _, below := range n.needs {
		g.reachKnown(below, id)
	}
	g.want(n, id)
}

func (g *Graph) want(n *node, id Goal) {
	n.goals.add(id)
	if n.open() {
		g.goals[id].open++
	}
}

// Done says that a derivation is in the store.
func (g *Graph) Done(drv string) {
	n := g.nodes[drv]
	if n == nil || n.state == done {
		return
	}
	wasOpen := n.open()
	n.state = done
	if slices.ContainsFunc(n.neededBy, func(above *node) bool { return above.state == waiting }) {
		g.stale = false
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

// fail says that a derivation could not be built: nothing above it will be.
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

// close counts a derivation that will not be built any more.
func (g *Graph) close(n *node) {
	for id := range n.goals.all() {
		g.goals[id].open--
		if g.goals[id].open == 0 {
			g.end(id)
		}
	}
}

// end ends a goal. What is left of it is not wanted on its account.
func (g *Graph) end(id Goal) {
	if g.goals[id].ended {
		return
	}
	g.goals[id].ended = true
	g.ended = append(g.ended, id)
	g.forget(g.goals[id].top, id)
}

func (g *Graph) forget(n *node, id Goal) {
	if !n.goals.has(id) {
		return
	}
	n.goals.remove(id)
	for _, below := range n.needs {
		g.forget(below, id)
	}
}

// Ended gives the goals that have come to an end since it was last asked: those
// whose derivation is done, and those for which nothing is left to try.
func (g *Graph) Ended() []Goal {
	ended := g.ended
	g.ended = nil
	return ended
}

// Drop gives a goal up. It does not come up in [Graph.Ended] for it.
func (g *Graph) Drop(id Goal) {
	if !g.goals[id].ended {
		g.goals[id].ended = true
		g.forget(g.goals[id].top, id)
	}
}

// IsDone says whether the derivation of a goal is in the store.
func (g *Graph) IsDone(id Goal) bool { return g.goals[id].top.state == done }

// Failed lists the derivations that failed of those a goal needs, in a fixed
// order.
func (g *Graph) Failed(id Goal) []string {
	var list []*node
	g.walks++
	var walk func(n *node)
	walk = func(n *node) {
		if n.walked == g.walks || n.state == done {
			return
		}
		n.walked = g.walks
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

// Goals are those that want a derivation and have not ended.
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

// Open says whether a derivation is in the graph and may still be built.
func (g *Graph) Open(drv string) bool { return g.nodes[drv] != nil && g.nodes[drv].open() }

// Wanted are the goals that want something of what is left of a part.
func (g *Graph) Wanted(p *Part) []Goal {
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
