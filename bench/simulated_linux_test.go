package bench_test

import (
	"maps"
	"math"
	"testing"
)

func TestWait(t *testing.T) {
	jobs := []float64{5, 1, 1, 1, 4}
	for slots, want := range map[int]float64{1: 12, 2: 7, 5: 5, 9: 5} {
		if got := wait(jobs, slots); got != want {
			t.Errorf("%d at once take %v, want %v", slots, got, want)
		}
	}
}

// Any division of the cells takes the same work, and each job at least the fixed time.
func TestScaleAddsUp(t *testing.T) {
	all := hosts(t, 40)
	s := scale{
		all: all, builds: someBuilds(all), fewHosts: 4, moreHosts: 16,
		few: seconds(3), more: seconds(9),
	}
	fixed, host := s.model()
	if math.Abs(fixed-1) > 1e-6 || math.Abs(host-0.5) > 1e-6 {
		t.Errorf("a job takes %v, and %v for each host", fixed, host)
	}
	took := s.times(host)
	eval := 0.0
	for _, part := range inTurn(t, all, 7) {
		for _, c := range part.Cells {
			eval += took(c).eval
		}
	}
	if math.Abs(eval-40*host) > 1e-6 {
		t.Errorf("evaluation takes %v in all", eval)
	}
	if !maps.Equal(someBuilds(all), s.builds) || len(s.builds) == 0 {
		t.Error("what is built differs from run to run")
	}
}
