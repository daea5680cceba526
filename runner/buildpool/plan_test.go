package buildpool

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// While cells come from evaluation, those that come soon one after the other are
// asked for together; when no more come, at once.
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

// What a slow substituter was asked for does not hold up what comes later for a
// multiple of that.
func TestPlansDoNotWaitForLong(t *testing.T) {
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

// One of many that Nix says nothing of is found with few questions.
func TestTheGuiltyAreFound(t *testing.T) {
	for size := 1; size <= 40; size++ {
		for guilty := range size {
			batch := make([]*build, size)
			for i := range batch {
				batch[i] = &build{}
			}
			asked, answered, lost := 0, map[*build]int{}, map[*build]error{}
			bisect(batch, func(some []*build) error {
				asked++
				if slices.Contains(some, batch[guilty]) {
					return errors.New("no")
				}
				for _, b := range some {
					answered[b]++
				}
				return nil
			}, lost)
			if len(lost) != 1 || lost[batch[guilty]] == nil || len(answered) != size-1 || asked > 20 {
				t.Fatalf("of %d the %dth is to blame: %d are lost and %d known after %d questions", size, guilty, len(lost), len(answered), asked)
			}
		}
	}
}

// Where Nix answers nothing it is not asked for each.
func TestAllAreLostAtOnce(t *testing.T) {
	batch := []*build{{}, {}, {}, {}, {}, {}}
	asked, lost := 0, map[*build]error{}
	bisect(batch, func([]*build) error {
		asked++
		return errors.New("no daemon")
	}, lost)
	if asked != 3 || len(lost) != len(batch) {
		t.Errorf("%d are lost after %d questions", len(lost), asked)
	}
}
