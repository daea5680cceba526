package bench_test

import (
	"testing"
	"time"

	"github.com/flakeci/flakeci/bench"
)

// Many small cells, to measure the overhead of a cell.
func BenchmarkLight(b *testing.B) {
	scenario{
		name:       "light",
		about:      "40 light cells (10 hosts, 3 homes each), everything built before, nothing evaluated before.",
		fleet:      light(),
		contenders: []contender{flakeci, xargs, loop.inFirstRound(), all, check},
		targets:    func(got results) []target { return []target{got.ratio(flakeci, xargs, 0.6)} },
	}.run(b)
}

// The same fleet again, with the caches of an earlier run.
func BenchmarkUnchanged(b *testing.B) {
	again, known := flakeci.warmed(), all.warmed()
	scenario{
		name:       "unchanged",
		about:      "The same 40 light cells, everything built and evaluated before.",
		fleet:      light(),
		contenders: []contender{again, known, xargs.warmed(), check.warmed()},
		targets:    func(got results) []target { return []target{got.ratio(again, known, 3)} },
	}.run(b)
}

func light() bench.Fleet { return bench.Fleet{Hosts: 10, Users: 3} }

// Evaluation as heavy as that of real hosts, in all available memory and in less.
func BenchmarkHeavy(b *testing.B) {
	// The smallest limit has room for one host at a time, the largest for all.
	one, two := flakeci.with("--eval-memory", "640MiB"), flakeci.with("--eval-memory", "1GiB")
	four, six := flakeci.with("--eval-memory", "4GiB"), flakeci.with("--eval-memory", "6GiB")
	scenario{
		name:       "heavy",
		about:      "12 heavy hosts, everything built before, nothing evaluated before.",
		fleet:      bench.Fleet{Hosts: 12, Weight: bench.Heavy()},
		contenders: []contender{flakeci, four, two, one, six, xargs, loop, all.inFirstRound(), check.inFirstRound()},
		targets: func(got results) []target {
			return []target{
				got.ratio(flakeci, loop, 0.6), got.ratio(four, xargs, 0.95), got.ratio(two, xargs, 1.1),
				got.within(one, 640), got.within(two, 1<<10), got.within(four, 4<<10), got.within(six, 6<<10),
			}
		},
	}.run(b)
}

// Builds that depend on each other, two at a time for each contender.
func BenchmarkBuilds(b *testing.B) {
	fleet := bench.Fleet{Hosts: 12, Users: 4, Build: time.Second, Chains: 6, ChainLength: 4}
	both, alone := all.with("--max-jobs", "2"), xargs.with("--max-jobs", "1")
	scenario{
		name: "builds",
		about: "60 light cells (12 hosts, 4 homes each) that build for a second each, as do the 6 chains of 4 " +
			"dependencies that they share; nothing built before. Two builds at a time take at least " + fleet.MinDuration(2).String() + ".",
		fleet:      fleet,
		fresh:      true,
		contenders: []contender{flakeci, both, alone, loop.inFirstRound(), check.inFirstRound()},
		targets: func(got results) []target {
			return []target{
				{"wall time of flakeci / the minimum", got.wall(flakeci) / fleet.MinDuration(2).Seconds(), 1.15, ""},
				{"flakeci's builds at once", highest(got[flakeci.name], builds), 2, ""},
			}
		},
	}.run(b)
}

// So many cells that flakeci's own usage shows.
func BenchmarkMany(b *testing.B) {
	evaluate := flakeci.with("--eval-only")
	scenario{
		name:       "many",
		about:      "500 light cells (100 hosts, 4 homes each) with builds of some 120 ms of CPU (less than stdenv alone takes), nothing built before.",
		fleet:      bench.Fleet{Hosts: 100, Users: 4, Steps: 150_000},
		fresh:      true,
		contenders: []contender{flakeci, evaluate, all.inFirstRound()},
		targets: func(got results) []target {
			return []target{
				{"flakeci's own peak memory", highest(got[flakeci.name], ownMB), 150, " MB"},
				{"flakeci's own peak memory with --eval-only", highest(got[evaluate.name], ownMB), 150, " MB"},
				{"flakeci's own share of the CPU", median(got[flakeci.name], ownShare), 5, " %"},
				{"flakeci's own CPU with --eval-only", median(got[evaluate.name], ownCPU), 1, " s"},
			}
		},
	}.run(b)
}
