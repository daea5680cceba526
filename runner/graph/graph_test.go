package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// world is a store in which derivations take time and may fail.
type world struct {
	*testing.T
	rand  *rand.Rand
	graph Graph
	jobs  int
	free  int

	needs  map[string][]string
	lasts  map[string]int
	broken map[string]bool
	// silent hides what is done until a process ends.
	silent bool

	now   int
	procs []*proc
	tried map[string]bool // whose builder ran
	done  map[string]bool
}

type proc struct {
	*Part
	slots   int
	until   map[string]int // of what it builds now
	left    []string
	failed  []string
	stopped bool
}

func (w *world) room(int) (free, all int) { return w.free, w.jobs }

// start starts all that can be begun and checks what is given out.
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
		w.free -= p.Jobs
		for i, drv := range p.Drvs {
			if w.tried[drv] && w.broken[drv] {
				w.Fatalf("%s is built again, which failed", drv)
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

// step lets each process do what it can at this time, and goes on to the next.
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
	well := len(p.failed) == 0 && !p.stopped
	if w.silent && !well {
		for _, drv := range p.Roots {
			if w.done[drv] {
				w.graph.Done(drv)
			}
		}
	}
	w.graph.End(p.Part, well, p.failed)
}

// reaches says whether a derivation needs one that is broken, or is it.
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

// Whatever is to be built is built once and after what it needs, never by more
// builders than there may be, and every goal ends as it must.
func TestEveryGoalEnds(t *testing.T) {
	for seed := range uint64(1500) {
		w := newWorld(t, seed)
		wanted := map[Goal]string{}
		dropped := map[Goal]bool{}
		ended := map[Goal]bool{}
		for goals := 1 + w.rand.IntN(20); len(ended)+len(dropped) < goals || len(w.procs) > 0; {
			if len(wanted) < goals && w.rand.IntN(3) == 0 {
				drv := fmt.Sprintf("d%d", w.rand.IntN(len(w.lasts)))
				wanted[w.graph.Add(drv, 0, w.needs)] = drv
			}
			if len(wanted) > 0 && w.rand.IntN(15) == 0 {
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

// checkFailed checks that all that is broken below a goal is known to be.
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

// drop gives a goal up and stops what nobody wants any more.
func (w *world) drop(id Goal, dropped, ended map[Goal]bool) {
	if ended[id] || dropped[id] || w.graph.goals[id].ended {
		return
	}
	w.graph.Drop(id)
	dropped[id] = true
	for _, p := range w.procs {
		if len(w.graph.Wanted(p.Part)) == 0 {
			p.stopped = true
			for drv := range p.until {
				delete(w.tried, drv)
			}
			clear(p.until)
		}
	}
}
