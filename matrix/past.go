package matrix

import (
	"cmp"
	"maps"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// Past is what is known about cells from earlier runs, by id. The zero value knows nothing.
type Past struct {
	Seconds map[string]float64 // how long a cell took
	Systems map[string]string  // its system
}

// Limits for what a report says, which may be a stranger's: no cell counts for nothing, or for more
// than a week.
const minSeconds, maxSeconds = 1e-3, 7 * 24 * 60 * 60

// Add adds what a report says about cells, such as that of another shard of the same run. Of a cell
// in several reports the longest time counts: a retry may have found most of it done. A cell that
// was only evaluated says nothing about how long it takes to build.
func (p *Past) Add(r result.Report) {
	if p.Seconds == nil {
		p.Seconds, p.Systems = map[string]float64{}, map[string]string{}
	}
	for _, c := range r.Cells {
		if c.System != "" {
			p.Systems[c.ID] = c.System
		}
		if seconds := c.TotalSeconds(); seconds > 0 && c.Status != result.Skipped && c.Status != result.Canceled && c.How != result.Evaluated && c.How != result.Unchanged {
			p.Seconds[c.ID] = max(p.Seconds[c.ID], minSeconds, min(seconds, maxSeconds))
		}
	}
}

// seconds guesses how long cells of a kind take with a cold store, where nothing is known.
func seconds(kind result.Kind) float64 {
	switch kind {
	case result.KindNixOS, result.KindDarwin, result.KindDroid, result.KindSystem:
		return 300
	case result.KindVM:
		return 120
	case result.KindHome, result.KindPackage, result.KindCheck:
		return 60
	}
	return 30
}

// weigher returns a function that estimates how long cells take: as long as they took before, or
// else as long as others of their kind, or else a guess. Guesses are as much longer or shorter as
// the known times are.
func (m Matrix) weigher(p Past) func(result.Cell) float64 {
	known := map[result.Kind][]float64{}
	var ratios []float64
	for _, c := range m.Cells {
		if s, ok := p.Seconds[c.ID]; ok {
			known[c.Kind] = append(known[c.Kind], s)
			ratios = append(ratios, s/seconds(c.Kind))
		}
	}
	scale := median(ratios, 1)
	return func(c result.Cell) float64 {
		if s, ok := p.Seconds[c.ID]; ok {
			return s
		}
		return median(known[c.Kind], scale*seconds(c.Kind))
	}
}

// median returns the (lower) median of numbers, or another number if there are none.
func median(numbers []float64, otherwise float64) float64 {
	if len(numbers) == 0 {
		return otherwise
	}
	return slices.Sorted(slices.Values(numbers))[(len(numbers)-1)/2]
}

// systemsOf returns a function that tells the system of cells, or guesses it where only evaluation
// can tell: a home has the system of its group, such as that of the host that it belongs to. The
// rest have the system that is most frequent in the matrix among those that they may have.
func (m Matrix) systemsOf(g grouping, p Past) func(result.Cell) string {
	offered := m.offered()
	known := func(c result.Cell) string {
		if system := cmp.Or(c.System, p.Systems[c.ID]); system != "" || c.Host == "" {
			return system
		}
		if host := offered.systems[c.Host]; host != "" && host[0] != '-' {
			return host
		}
		return ""
	}
	count, ofGroup := map[string]int{}, map[string]string{}
	for _, c := range m.Cells {
		if system := known(c); system != "" {
			count[system]++
			group := g.of(c)
			ofGroup[group] = cmp.Or(ofGroup[group], system) // the host comes first
		}
	}
	return func(c result.Cell) string {
		may := Selection{Systems: []string{""}}
		fits := func(system string) bool {
			may.Systems[0] = system
			return c.System == "" && may.mayBeFor(c)
		}
		if system := known(c); system != "" {
			return system
		}
		if system := ofGroup[g.of(c)]; system != "" && fits(system) {
			return system
		}
		best := "x86_64-linux"
		if systemOf(c) == "-darwin" {
			best = "aarch64-darwin"
		}
		for _, system := range slices.Sorted(maps.Keys(count)) {
			if fits(system) && count[system] > count[best] {
				best = system
			}
		}
		return best
	}
}
