package vmtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudget(t *testing.T) {
	small, large := Host{MemoryMiB: 400, Cores: 1}, Host{MemoryMiB: 9000, Cores: 8}
	for _, c := range []struct {
		name   string
		budget *Budget
		hosts  []Host
		most   int // at once
	}{
		{"no budget", nil, []Host{small, small, small}, 3},
		{"memory for two", &Budget{MemoryMiB: 2000}, []Host{small, small, small}, 2},
		{"two cores", &Budget{Cores: 2, MemoryMiB: 64 << 10}, []Host{small, small, small, small}, 2},
		{"one by one", &Budget{Guests: 1}, []Host{small, small}, 1},
		{"larger than the budget", &Budget{Cores: 2, MemoryMiB: 2000}, []Host{large, large}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var now, most int
				var all sync.WaitGroup
				for _, h := range c.hosts {
					all.Go(func() {
						release, err := c.budget.acquire(t.Context(), h)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						now++
						most = max(most, now)
						mu.Unlock()
						time.Sleep(time.Second)
						mu.Lock()
						now--
						mu.Unlock()
						release()
					})
				}
				all.Wait()
				if most != c.most {
					t.Errorf("%d at once, not %d", most, c.most)
				}
			})
		})
	}
}

func TestBudgetInterrupted(t *testing.T) {
	b := &Budget{Guests: 1}
	release, err := b.acquire(t.Context(), Host{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := b.acquire(ctx, Host{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	release()
	if _, err := b.acquire(t.Context(), Host{}); err != nil {
		t.Error(err)
	}
}
