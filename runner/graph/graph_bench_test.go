package graph

import (
	"fmt"
	"testing"
)

// BenchmarkLargeFleet builds 500 hosts, each with 20 derivations of its own, and 5000 that they
// share, two at a time.
func BenchmarkLargeFleet(b *testing.B) {
	const hosts, own, shared = 500, 20, 5000
	needs := map[string][]string{}
	need := func(drv, below string, n int) { needs[drv] = append(needs[drv], fmt.Sprintf(below, n)) }
	for i := range shared {
		for n := max(i-8, 0); n < i; n++ {
			need(fmt.Sprintf("shared-%d", i), "shared-%d", n)
		}
	}
	for h := range hosts {
		below := fmt.Sprintf("host%d-", h) + "%d"
		for i := range own {
			need(fmt.Sprintf(below, i), "shared-%d", shared-1-i)
			if i > 0 {
				need(fmt.Sprintf(below, i), below, i-1)
			}
		}
	}
	for b.Loop() {
		var g Graph
		for h := range hosts {
			g.Add(fmt.Sprintf("host%d-%d", h, own-1), 0, needs)
		}
		free := 2
		room := func(int) (int, int) { return free, 2 }
		var parts []*Part
		take := func() {
			for p := g.Take(room); p != nil; p = g.Take(room) {
				free -= p.Jobs
				parts = append(parts, p)
			}
		}
		ended := 0
		for take(); len(parts) > 0; take() {
			p := parts[0]
			parts = parts[1:]
			slots := p.Jobs
			for _, drv := range p.Drvs {
				g.Done(drv)
				if n := g.Width(p); n < slots {
					free += slots - n
					slots = n
				}
				take()
			}
			free += slots
			g.End(p, true, nil)
			ended += len(g.Ended())
		}
		if ended != hosts {
			b.Fatalf("%d hosts have ended", ended)
		}
	}
}
