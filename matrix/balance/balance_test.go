package balance

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
)

// fleet is random groups: mostly alike, as hosts are, or with weights of any size.
type fleet struct {
	groups []Group
	n      int
}

func (fleet) Generate(r *rand.Rand, _ int) reflect.Value {
	f := fleet{n: 1 + r.Intn(16)}
	spread := r.Intn(4)
	for i := range 1 + r.Intn(120) {
		w := 100.0
		switch spread {
		case 1:
			w *= 0.8 + 0.4*r.Float64()
		case 2:
			w *= math.Exp(r.NormFloat64())
		case 3:
			w *= math.Exp(3 * r.NormFloat64())
		}
		f.groups = append(f.groups, Group{fmt.Sprint("group", i), w})
	}
	return reflect.ValueOf(f)
}

func loadsOf(groups []Group, parts []int, n int) []float64 {
	loads := make([]float64, n)
	for i, part := range parts {
		loads[part] += groups[i].Weight
	}
	return loads
}

// least returns a weight that the heaviest of n parts has in any division: the mean part, the
// heaviest group, and, because two of n+1 groups, three of 2n+1 and so on share a part, the sum
// of the lightest of those.
func least(groups []Group, n int) float64 {
	weights, total := []float64{}, 0.0
	for _, g := range groups {
		weights, total = append(weights, g.Weight), total+g.Weight
	}
	slices.SortFunc(weights, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	bound := max(total/float64(n), weights[0])
	for k := 1; k*n < len(weights); k++ {
		sum := 0.0
		for _, w := range weights[k*n-k : k*n+1] {
			sum += w
		}
		bound = max(bound, sum)
	}
	return bound
}

func TestPartsAreEven(t *testing.T) {
	reduced := 0
	property := func(f fleet) bool {
		n := Parts(f.groups, f.n)
		if n < 1 || n > f.n || n > len(f.groups) {
			t.Logf("%d parts of %d groups, at most %d", n, len(f.groups), f.n)
			return false
		}
		parts := Split(f.groups, n)
		loads := loadsOf(f.groups, parts, n)
		if slices.Min(loads) == 0 {
			t.Logf("a part of %v is empty", loads)
			return false
		}
		if n < min(f.n, len(f.groups)) {
			reduced++
			all := loadsOf(f.groups, Split(f.groups, f.n), f.n)
			if slices.Max(loads) > slower*slices.Max(all)*1.0001 {
				t.Logf("%d parts are heavier than %d: %v and %v", n, f.n, loads, all)
				return false
			}
		}
		if heaviest := slices.Max(loads); heaviest > Slack*least(f.groups, n)*1.0001 {
			t.Logf("the heaviest of %d parts of %d groups has %v, at least %v", n, len(f.groups), heaviest, least(f.groups, n))
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 1000}); err != nil {
		t.Error(err)
	}
	if reduced == 0 {
		t.Error("fewer parts were never better")
	}
}

func TestOrderOfGroupsDoesNotMatter(t *testing.T) {
	property := func(f fleet, seed int64) bool {
		part := map[string]int{}
		for i, p := range Split(f.groups, f.n) {
			part[f.groups[i].Key] = p
		}
		rand.New(rand.NewSource(seed)).Shuffle(len(f.groups), reflect.Swapper(f.groups))
		for i, p := range Split(f.groups, f.n) {
			if part[f.groups[i].Key] != p {
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

// moved returns the share of groups whose part differs. Groups have the same index in both.
func moved(before, after []int) float64 {
	count := 0
	for i, part := range before[:min(len(before), len(after))] {
		if after[i] != part {
			count++
		}
	}
	return float64(count) / float64(len(before))
}

// A run is never exactly as long as the last one, and hosts come and go.
func TestLittleMovesWhenLittleChanges(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, size := range []struct {
		groups, parts int
		// Limits of the share that moves on average: if one weight changes a little, if it changes by
		// half, if there is a new group, and if all weights change a little.
		limits [4]float64
	}{
		{200, 2, [4]float64{0.01, 0.01, 0.01, 0.01}},
		{200, 16, [4]float64{0.01, 0.06, 0.08, 0.1}},
		{40, 4, [4]float64{0.01, 0.05, 0.1, 0.2}},
		{40, 16, [4]float64{0.02, 0.2, 0.2, 0.2}}, // parts of two or three heavy groups
	} {
		for i, change := range []func([]Group) []Group{
			func(g []Group) []Group { g[r.Intn(len(g))].Weight *= 0.97 + 0.06*r.Float64(); return g },
			func(g []Group) []Group { g[r.Intn(len(g))].Weight *= 1.5; return g },
			func(g []Group) []Group { return append(g, Group{"new", 100}) },
			func(g []Group) []Group {
				for i := range g {
					g[i].Weight *= 0.98 + 0.04*r.Float64()
				}
				return g
			},
		} {
			total, rounds := 0.0, 60
			for range rounds {
				var groups []Group
				for i := range size.groups {
					groups = append(groups, Group{fmt.Sprint("group", i), 100 * math.Exp(r.NormFloat64()/2)})
				}
				before := Split(groups, size.parts)
				total += moved(before, Split(change(slices.Clone(groups)), size.parts))
			}
			share := total / float64(rounds)
			t.Logf("%d groups, %d parts, change %d: %.1f%% move", size.groups, size.parts, i+1, 100*share)
			if share > size.limits[i] {
				t.Errorf("%d groups, %d parts, change %d: %.1f%% move", size.groups, size.parts, i+1, 100*share)
			}
		}
	}
}

func TestOddWeightsAndNumbers(t *testing.T) {
	groups := []Group{{"nan", math.NaN()}, {"inf", math.Inf(1)}, {"minus", -5}, {"zero", 0}, {"huge", math.MaxFloat64}, {"one", 1}}
	for n := -1; n < 10; n++ {
		parts := Split(groups, n)
		used := map[int]bool{}
		for _, part := range parts {
			used[part] = true
			if part < 0 || part >= max(1, n) {
				t.Errorf("part %d of %d", part, n)
			}
		}
		if len(parts) != len(groups) || len(used) != max(1, min(n, len(groups))) {
			t.Errorf("%d parts: %v", n, parts)
		}
		if got := Parts(groups, n); got < 1 || got > max(1, n) {
			t.Errorf("Parts(%d) is %d", n, got)
		}
	}
	if got := Split(nil, 3); len(got) != 0 {
		t.Errorf("nothing gives %v", got)
	}
}

// Caches of shards would be useless if the same groups got other parts.
func TestPartsNeverChange(t *testing.T) {
	var groups []Group
	for i := range 12 {
		groups = append(groups, Group{fmt.Sprint("group", i), float64(10 + i)})
	}
	if got, want := fmt.Sprint(Split(groups, 3)), "[2 0 1 0 2 0 2 1 1 2 0 1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
