package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// world simulates a store in which derivations take time and may fail.
type world struct {
	*testing.T
	rand  *rand.Rand
	graph Graph
	jobs  int
	free  int

	needs  map[string][]string
	lasts  map[string]int
	broken map[string]bool
	// silent reports nothing as done before its process ends.
	silent bool

	now   int
	procs []*proc
	tried map[string]bool // whose builder ran
	done  map[string]bool
}

type proc struct {
	*Part
	slots   int
	until   map[string]int // when what it builds now is done
	left    []string
	failed  []string
	stopped bool
}

func (w *world) room(int) (free, all int) { return w.free, w.jobs }

// start starts everything that can be built and checks each part.
func (w *world) start() {
	for {
		p := w.graph.Take(w.room)
		if p == nil {
			return
		}
		if p.Jobs < 1 || p.Jobs > w.free || p.Jobs > len(p.Drvs) {
			w.Fatalf("%d jobs for %d derivations with %d free", p.Jobs, len(p.Drvs), w.free)
		}
		if w.graph.OneRoot && len(p.Roots) != 1 {
			w.Fatalf("the roots of a part are %q", p.Roots)
		}
		if slices.ContainsFunc(p.Goals, func(id Goal) bool { return w.graph.goals[id].ended }) {
			w.Fatalf("a part is for %v, and one of these has ended", p.Goals)
		}
		w.free -= p.Jobs
		for i, drv := range p.Drvs {
			if !slices.Equal(w.graph.Goals(drv), p.Goals) {
				w.Fatalf("a part is for %v, %s in it for %v", p.Goals, drv, w.graph.Goals(drv))
			}
			if w.tried[drv] && w.broken[drv] {
				w.Fatalf("%s failed and is built again", drv)
			}
			for _, other := range w.procs {
				if slices.Contains(other.left, drv) {
					w.Fatalf("%s is in two parts", drv)
				}
			}
			for _, need := range w.needs[drv] {
				if !w.done[need] && !slices.Contains(p.Drvs[:i], need) {
					w.Fatalf("%s is in a part before what it needs, %s", drv, need)
				}
			}
		}
		w.procs = append(w.procs, &proc{Part: p, slots: p.Jobs, until: map[string]int{}, left: slices.Clone(p.Drvs)})
	}
}

// step lets each process do what it can now, and advances the time.
func (w *world) step() {
	for _, p := range slices.Clone(w.procs) {
		for drv, until := range p.until {
			if until <= w.now {
				w.ended(p, drv)
			}
		}
		for _, drv := range slices.Clone(p.left) {
			if _, runs := p.until[drv]; !runs && w.builds(p, drv) && len(p.until) < p.Jobs {
				p.until[drv] = w.now + w.lasts[drv]
				w.tried[drv] = true
			}
		}
		if len(p.until) == 0 {
			w.end(p)
		}
	}
	builders := 0
	for _, p := range w.procs {
		builders += len(p.until)
	}
	if builders > w.jobs || w.free < 0 {
		w.Fatalf("%d builders and %d free of %d", builders, w.free, w.jobs)
	}
	w.now++
}

func (w *world) builds(p *proc, drv string) bool {
	return !p.stopped && !slices.Contains(p.failed, drv) && !slices.ContainsFunc(w.needs[drv], func(need string) bool { return !w.done[need] })
}

func (w *world) ended(p *proc, drv string) {
	delete(p.until, drv)
	p.left = slices.DeleteFunc(p.left, func(d string) bool { return d == drv })
	if w.broken[drv] {
		p.failed = append(p.failed, drv)
		return
	}
	w.done[drv] = true
	if w.silent {
		return
	}
	w.graph.Done(drv)
	if n := w.graph.Width(p.Part); n < p.slots {
		w.free += p.slots - n
		p.slots = n
	}
}

func (w *world) end(p *proc) {
	w.free += p.slots
	w.procs = slices.DeleteFunc(w.procs, func(o *proc) bool { return o == p })
	for _, drv := range p.Drvs {
		if w.silent && w.done[drv] && !slices.Contains(p.Roots, drv) {
			w.graph.Done(drv)
		}
	}
	success := len(p.failed) == 0 && !p.stopped
	if w.silent && !success {
		for _, drv := range p.Roots {
			if w.done[drv] {
				w.graph.Done(drv)
			}
		}
	}
	w.graph.End(p.Part, success, p.failed)
}

// reaches reports whether a derivation is broken or needs one that is.
func (w *world) reaches(drv string) bool {
	return w.broken[drv] || slices.ContainsFunc(w.needs[drv], w.reaches)
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		T: t, rand: rand.New(rand.NewPCG(seed, 1)), needs: map[string][]string{}, lasts: map[string]int{},
		broken: map[string]bool{}, tried: map[string]bool{}, done: map[string]bool{},
	}
	w.jobs = 1 + w.rand.IntN(5)
	w.free = w.jobs
	w.silent = w.rand.IntN(3) == 0
	w.graph.OneRoot = w.rand.IntN(3) == 0
	n := 1 + w.rand.IntN(60)
	for i := range n {
		drv := fmt.Sprintf("d%d", i)
		w.lasts[drv] = 1 + w.rand.IntN(5)
		w.broken[drv] = w.rand.IntN(12) == 0
		for range w.rand.IntN(4) {
			if i > 0 {
				w.needs[drv] = append(w.needs[drv], fmt.Sprintf("d%d", w.rand.IntN(i)))
			}
		}
	}
	return w
}

// Everything is built once and after what it needs, never by too many builders, and every goal
// ends as it must.
func TestEveryGoalEnds(t *testing.T) {
	for seed := range uint64(1500) {
		w := newWorld(t, seed)
		wanted := map[Goal]string{}
		dropped := map[Goal]bool{}
		ended := map[Goal]bool{}
		drops := w.rand.IntN(4) // tries
		for goals := 1 + w.rand.IntN(20); len(ended)+len(dropped) < goals || len(w.procs) > 0; {
			if len(wanted) < goals && w.rand.IntN(3) == 0 {
				drv := fmt.Sprintf("d%d", w.rand.IntN(len(w.lasts)))
				wanted[w.graph.Add(drv, 0, w.needs)] = drv
			}
			if len(wanted) > 0 && drops > 0 && w.rand.IntN(15) == 0 {
				drops--
				w.drop(Goal(w.rand.IntN(len(wanted))), dropped, ended)
			}
			w.start()
			w.step()
			for _, id := range w.graph.Ended() {
				if ended[id] || dropped[id] {
					t.Fatalf("seed %d: %s ends twice", seed, wanted[id])
				}
				ended[id] = true
				if w.graph.IsDone(id) != !w.reaches(wanted[id]) {
					t.Fatalf("seed %d: %s is done: %t", seed, wanted[id], w.graph.IsDone(id))
				}
				w.checkFailed(id, wanted[id])
			}
			if w.now > 3000 {
				t.Fatalf("seed %d: no end", seed)
			}
		}
		if w.free != w.jobs {
			t.Fatalf("seed %d: %d of %d free at the end", seed, w.free, w.jobs)
		}
	}
}

// checkFailed checks that everything broken below a goal is reported.
func (w *world) checkFailed(id Goal, drv string) {
	var want []string
	var walk func(drv string)
	walk = func(drv string) {
		below := slices.ContainsFunc(w.needs[drv], w.reaches)
		if w.broken[drv] && !below && !slices.Contains(want, drv) {
			want = append(want, drv)
		}
		for _, need := range w.needs[drv] {
			walk(need)
		}
	}
	walk(drv)
	got := w.graph.Failed(id)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Fatalf("below %s failed %q, want %q", drv, got, want)
	}
}

// drop drops a goal and stops what no goal needs any more.
func (w *world) drop(id Goal, dropped, ended map[Goal]bool) {
	if ended[id] || dropped[id] || w.graph.goals[id].ended {
		return
	}
	w.graph.Drop(id)
	dropped[id] = true
	for _, p := range w.procs {
		if len(w.graph.PartGoals(p.Part)) == 0 {
			p.stopped = true
			for drv := range p.until {
				delete(w.tried, drv)
			}
			clear(p.until)
		}
	}
}

// finish builds everything and returns how long that took.
func (w *world) finish() int {
	for w.now = 0; len(w.done) < len(w.lasts); {
		w.start()
		w.step()
		if w.now > 1e6 {
			w.Fatal("no end")
		}
	}
	return w.now
}

// fleet makes a world with a derivation for each cell, each on top of two neighboring chains.
func fleet(t *testing.T, jobs, cells, chains, length int) *world {
	w := &world{T: t, needs: map[string][]string{}, lasts: map[string]int{}, broken: map[string]bool{}, tried: map[string]bool{}, done: map[string]bool{}}
	w.jobs, w.free = jobs, jobs
	for c := range chains {
		for l := range length {
			drv := fmt.Sprintf("chain%d-%d", c, l)
			w.lasts[drv] = 50
			if l > 0 {
				w.needs[drv] = []string{fmt.Sprintf("chain%d-%d", c, l-1)}
			}
		}
	}
	for i := range cells {
		drv := fmt.Sprintf("cell%d", i)
		w.lasts[drv] = 50
		for _, c := range []int{i, i + 1} {
			w.needs[drv] = append(w.needs[drv], fmt.Sprintf("chain%d-%d", c%chains, length-1))
		}
	}
	for i := range cells {
		w.graph.Add(fmt.Sprintf("cell%d", i), 0, w.needs)
	}
	return w
}

// Building takes little more than the shortest possible time: that of all work spread evenly,
// or of the longest chain.
func TestBuildersAreKeptBusy(t *testing.T) {
	for _, c := range []struct{ jobs, cells, chains, length int }{
		{2, 60, 6, 4}, {8, 60, 16, 2}, {3, 10, 1, 30}, {16, 160, 48, 2}, {4, 100, 60, 1}, {1, 20, 3, 3},
	} {
		for _, oneRoot := range []bool{false, true} {
			w := fleet(t, c.jobs, c.cells, c.chains, c.length)
			w.graph.OneRoot = oneRoot
			bound := max(50*(c.cells+c.chains*c.length)/c.jobs, 50*(c.length+1))
			if took := w.finish(); took*100 > bound*115 {
				t.Errorf("%+v: took %d, at least %d", c, took, bound)
			}
		}
	}
}

// What starts the longest chain is built first, and a host of many derivations leaves room for
// what comes later.
func TestTheLongestChainStartsFirst(t *testing.T) {
	var g Graph
	needs := map[string][]string{"long": {"l1"}, "l1": {"l2"}}
	for i := range 10 {
		g.Add(fmt.Sprintf("short%d", i), 0, needs)
	}
	g.Add("long", 0, needs)
	p := g.Take(func(int) (int, int) { return 1, 2 })
	if p == nil || p.Drvs[0] != "l2" || p.Roots[0] != "long" || p.Jobs != 1 {
		t.Errorf("first comes %+v", p)
	}
	for i := range 1000 {
		needs["wide"] = append(needs["wide"], fmt.Sprintf("w%d", i))
	}
	g = Graph{}
	g.Add("wide", 0, needs)
	for jobs, most := range map[int]int{1: maxPart, 200: 400} {
		if p := g.Take(func(int) (int, int) { return jobs, jobs }); len(p.Drvs) != most || p.Jobs != jobs {
			t.Errorf("with %d jobs %d of %d derivations at once", jobs, p.Jobs, len(p.Drvs))
		}
	}
}
