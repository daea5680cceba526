// Package balance divides weighted groups among parts so that the parts are even, and so that few
// groups change their part when little else changes.
package balance

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// Group is something to put in one part. Its key is unique; its weight is positive.
type Group struct {
	Key    string
	Weight float64
}

// Slack is how much heavier the heaviest part may be than the larger of the mean part and the
// heaviest group.
const Slack = 1.2

// slower is how much heavier the heaviest part may become to use fewer parts.
const slower = 1.1

// minWeight and maxWeight keep sums finite and quotients sensible.
const minWeight, maxWeight = 1e-3, 1e9

// Split divides groups among n parts, and returns the part of each, from 0 to n-1. The order of
// the groups does not matter. No part is empty if there are n groups or more.
//
// Groups have parts that they prefer, by the hash of their key, and get the first that has room:
// so most groups keep their part whatever happens to others. If parts of few heavy groups
// are not even that way, Split packs them as tightly as it can.
func Split(groups []Group, n int) []int {
	n = min(n, len(groups))
	if n <= 1 {
		return make([]int, len(groups))
	}
	// Rounded weights, so that a slightly different weight mostly changes nothing at all.
	p := newProblem(groups, n, round)
	parts := p.split()
	exact := newProblem(groups, n, func(w float64) float64 { return w })
	if exact.heaviest(parts) <= Slack*exact.bound {
		return parts
	}
	if tighter := exact.pack(); exact.heaviest(tighter) < exact.heaviest(parts) {
		return tighter
	}
	return parts
}

// Parts returns how many parts to make of groups: n, or fewer if n parts cannot be even and fewer
// parts are even without becoming much heavier.
func Parts(groups []Group, n int) int {
	n = max(1, min(n, len(groups)))
	heaviest, even := measure(groups, n)
	if even {
		return n
	}
	for m := n - 1; m > 0; m-- {
		h, even := measure(groups, m)
		switch {
		case h > slower*heaviest:
			return n
		case even:
			return m
		}
	}
	return n
}

// measure returns the weight of the heaviest of n parts, and whether the parts are even.
func measure(groups []Group, n int) (heaviest float64, even bool) {
	p := newProblem(groups, n, func(w float64) float64 { return w })
	heaviest = p.heaviest(Split(groups, n))
	return heaviest, heaviest <= Slack*p.bound
}

// problem is groups to divide among n parts.
type problem struct {
	weights []float64
	hashes  []uint64
	order   []int // of the groups, the heaviest first
	n       int
	bound   float64 // the larger of the mean part and the heaviest group
}

func newProblem(groups []Group, n int, weigh func(float64) float64) *problem {
	p := &problem{n: n}
	total := 0.0
	for i, g := range groups {
		w := weigh(clamp(g.Weight))
		sum := sha256.Sum256([]byte(g.Key))
		p.weights, p.hashes, p.order = append(p.weights, w), append(p.hashes, binary.BigEndian.Uint64(sum[:])), append(p.order, i)
		p.bound = max(p.bound, w)
		total += w
	}
	p.bound = max(p.bound, total/float64(n))
	slices.SortFunc(p.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.weights[b], p.weights[a]), cmp.Compare(p.hashes[a], p.hashes[b]), cmp.Compare(groups[a].Key, groups[b].Key))
	})
	return p
}

// clamp keeps a weight in a sensible range. NaN becomes the least weight.
func clamp(w float64) float64 {
	if !(w > minWeight) {
		return minWeight
	}
	return min(w, maxWeight)
}

// round rounds a weight to one of eight steps from each power of two to the next.
func round(w float64) float64 { return math.Exp2(math.Round(math.Log2(w)*8) / 8) }

// split tries how evenly the groups can be divided by their preferences, and packs them if they
// cannot.
func (p *problem) split() []int {
	for _, slack := range []float64{1.1, Slack} {
		if parts, ok := p.fill(slack*p.bound, p.preferred); ok {
			return parts
		}
	}
	return p.pack()
}

// pack packs the groups with the smallest capacity that it finds. This is the algorithm MULTIFIT
// (Coffman, Garey and Johnson, 1978): its heaviest part is at most 13/11 of the least possible.
func (p *problem) pack() []int {
	const steps = 20
	low, high := p.bound, 2*p.bound // twice the bound is always enough
	best, ok := p.fill(low, p.first)
	for range steps {
		if ok {
			break
		}
		middle := (low + high) / 2
		if parts, fits := p.fill(middle, p.first); fits {
			best, high = parts, middle
		} else {
			low = middle
		}
	}
	if best == nil {
		best, _ = p.fill(math.Inf(1), p.lightest)
	}
	return p.relabel(best)
}

// fill puts each group, heaviest first, in the part that choose returns among those with room. It
// returns false, and no parts, if a group fits nowhere.
func (p *problem) fill(capacity float64, choose func(group int, loads []float64, fits func(part int) bool) int) ([]int, bool) {
	parts, loads, empty := make([]int, len(p.order)), make([]float64, p.n), p.n
	for i, g := range p.order {
		onlyEmpty := len(p.order)-i <= empty // otherwise a part would stay empty
		part := choose(g, loads, func(part int) bool {
			return loads[part] == 0 || !onlyEmpty && loads[part]+p.weights[g] <= capacity
		})
		if part < 0 {
			return nil, false
		}
		if loads[part] == 0 {
			empty--
		}
		parts[g] = part
		loads[part] += p.weights[g]
	}
	return parts, true
}

// preferred chooses the part that a group likes best.
func (p *problem) preferred(group int, loads []float64, fits func(int) bool) int {
	best, highest := -1, uint64(0)
	for part := range loads {
		if h := mix(p.hashes[group], part); (best < 0 || h > highest) && fits(part) {
			best, highest = part, h
		}
	}
	return best
}

// first chooses the first part with room.
func (p *problem) first(_ int, loads []float64, fits func(int) bool) int {
	for part := range loads {
		if fits(part) {
			return part
		}
	}
	return -1
}

// lightest chooses the lightest part.
func (p *problem) lightest(_ int, loads []float64, fits func(int) bool) int {
	best := -1
	for part := range loads {
		if fits(part) && (best < 0 || loads[part] < loads[best]) {
			best = part
		}
	}
	return best
}

// relabel numbers the parts by what their heaviest groups prefer, so that a part mostly keeps its
// number.
func (p *problem) relabel(parts []int) []int {
	number, taken := map[int]int{}, make([]float64, p.n)
	for _, g := range p.order {
		if _, done := number[parts[g]]; done {
			continue
		}
		to := p.preferred(g, taken, func(part int) bool { return taken[part] == 0 })
		number[parts[g]], taken[to] = to, 1
	}
	relabeled := make([]int, len(parts))
	for g, part := range parts {
		relabeled[g] = number[part]
	}
	return relabeled
}

// heaviest returns the weight of the heaviest part.
func (p *problem) heaviest(parts []int) float64 {
	loads := make([]float64, p.n)
	for g, part := range parts {
		loads[part] += p.weights[g]
	}
	return slices.Max(loads)
}

// mix hashes a group's hash and a part (SplitMix64). It must never change, or all shards would
// change.
func mix(hash uint64, part int) uint64 {
	z := hash + uint64(part+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
