package buildpool

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// While cells come from evaluation, one plan is made for those that come shortly after each
// other. When few more will come, it is made at once.
func TestPlansAreMadeForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var batches []int
		p := planner{}
		p.ask = func(batch []*build) {
			mu.Lock()
			batches = append(batches, len(batch))
			mu.Unlock()
			time.Sleep(time.Second)
		}
		asked := func() []int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(batches)
		}
		for range 5 {
			p.add(&build{})
			time.Sleep(10 * time.Millisecond)
		}
		if got := asked(); len(got) != 0 {
			t.Errorf("asked at once for %d", got)
		}
		time.Sleep(minDelay)
		if got := asked(); !slices.Equal(got, []int{5}) {
			t.Errorf("asked for %d", got)
		}
		p.add(&build{}) // while it asks
		time.Sleep(delayPerCost * time.Second)
		if got := asked(); !slices.Equal(got, []int{5, 1}) {
			t.Errorf("asked for %d", got)
		}
		time.Sleep(delayPerCost * time.Second)
		p.add(&build{})
		p.add(&build{})
		p.hurry()
		p.add(&build{}) // on its way
		time.Sleep(lastDelay)
		if got := asked(); !slices.Equal(got, []int{5, 1, 3}) {
			t.Errorf("asked for %d", got)
		}
		time.Sleep(time.Minute)
	})
}

// After a slow plan, the next one is not held up for a multiple of that time.
func TestDelayIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p := planner{}
		p.ask = func([]*build) {
			asked++
			time.Sleep(time.Minute)
		}
		p.add(&build{})
		time.Sleep(minDelay + time.Minute)
		p.add(&build{})
		time.Sleep(maxDelay)
		if synctest.Wait(); asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		time.Sleep(time.Hour)
	})
}

// One bad derivation among many is found with few questions.
func TestBisect(t *testing.T) {
	for size := 1; size <= 40; size++ {
		for bad := range size {
			batch := make([]*build, size)
			for i := range batch {
				batch[i] = &build{}
			}
			asked, answered, lost := 0, map[*build]int{}, map[*build]error{}
			bisect(batch, errors.New("no"), func(some []*build) error {
				asked++
				if slices.Contains(some, batch[bad]) {
					return errors.New("no")
				}
				for _, b := range some {
					answered[b]++
				}
				return nil
			}, lost)
			if len(lost) != 1 || lost[batch[bad]] == nil || len(answered) != size-1 || asked > 20 {
				t.Fatalf("number %[2]d of %[1]d is bad: %[3]d are lost and %[4]d known after %[5]d questions", size, bad, len(lost), len(answered), asked)
			}
		}
	}
}

// If Nix answers nothing, it is not asked about each derivation.
func TestBisectGivesUp(t *testing.T) {
	batch := []*build{{}, {}, {}, {}, {}, {}}
	asked, lost := 0, map[*build]error{}
	no := errors.New("no daemon")
	bisect(batch, no, func([]*build) error {
		asked++
		return no
	}, lost)
	if asked != 2 || len(lost) != len(batch) {
		t.Errorf("%d are lost after %d questions", len(lost), asked)
	}
}
