package bench_test

import (
	"math"
	"math/rand"
	"slices"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// someBuilds says what is built: one host in ten has changed. It takes half a minute to ten minutes, and
// each of its homes five seconds to a minute. The rest comes from a cache.
func someBuilds(all matrix.Matrix) map[string]float64 {
	rng := rand.New(rand.NewSource(1))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, rng.Float64()) }
	changed := map[string]bool{}
	for _, host := range all.Grid.Hosts {
		changed[host] = rng.Intn(10) == 0
	}
	seconds := map[string]float64{}
	for _, c := range all.Cells {
		switch {
		case !changed[c.Host]:
		case c.Kind == result.KindHome:
			seconds[c.ID] = between(5, 60)
		default:
			seconds[c.ID] = between(30, 600)
		}
	}
	return seconds
}

// machineSeconds returns how long a machine with two cores takes for cells: it builds two at once, and
// no faster than the longest.
func machineSeconds(part matrix.Matrix, took func(result.Cell) times) float64 {
	eval, build, longest := 0.0, 0.0, 0.0
	for _, c := range part.Cells {
		t := took(c)
		eval, build, longest = eval+t.eval, build+t.build, max(longest, t.build)
	}
	return eval + max(build/2, longest)
}

// sum adds numbers.
func sum(list []float64) (total float64) {
	for _, n := range list {
		total += n
	}
	return total
}

// wait returns how long jobs take if only some run at once, each as soon as another one ends.
func wait(jobs []float64, slots int) float64 {
	ends := make([]float64, slots)
	for _, took := range jobs {
		first := slices.Index(ends, slices.Min(ends))
		ends[first] += took
	}
	return slices.Max(ends)
}
