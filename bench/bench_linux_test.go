package bench_test

import (
	"testing"

	"github.com/flakeci/flakeci/bench"
)

// Many small cells: what is measured is how little it takes to look.
func BenchmarkLight(b *testing.B) {
	scenario{
		name:       "light",
		about:      "40 light cells (10 hosts, 3 homes each), everything built before, nothing evaluated before.",
		fleet:      bench.Fleet{Hosts: 10, Users: 3},
		contenders: []contender{flakeci, xargs, loop.single(), all, check},
		targets:    func(got results) []target { return []target{got.ratio(flakeci, xargs, 0.6)} },
	}.run(b)
}

// Evaluation as heavy as that of real hosts, in as much memory as there is, and in less.
func BenchmarkHeavy(b *testing.B) {
	// In the tightest there is room for one host at a time, in the roomiest for all.
	one, tight := flakeci.with("--eval-memory", "640MiB"), flakeci.with("--eval-memory", "1GiB")
	roomy, six := flakeci.with("--eval-memory", "4GiB"), flakeci.with("--eval-memory", "6GiB")
	scenario{
		name:       "heavy",
		about:      "12 heavy hosts, everything built before, nothing evaluated before.",
		fleet:      bench.Fleet{Hosts: 12, Weight: bench.Heavy()},
		contenders: []contender{flakeci, roomy, tight, one, six, xargs, loop, all.single(), check.single()},
		targets: func(got results) []target {
			return []target{
				got.ratio(flakeci, loop, 0.6), got.ratio(roomy, xargs, 0.95), got.ratio(tight, xargs, 1.1),
				got.within(one, 640), got.within(tight, 1<<10), got.within(roomy, 4<<10), got.within(six, 6<<10),
			}
		},
	}.run(b)
}
