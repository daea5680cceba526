package graph

import (
	"iter"
	"math/bits"
)

// set is a set of goals: a bit for each.
type set []uint64

func (s *set) add(id Goal) {
	for len(*s) <= int(id)/64 {
		*s = append(*s, 0)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

func (s set) remove(id Goal) {
	if s.has(id) {
		s[id/64] &^= 1 << (id % 64)
	}
}

func (s set) has(id Goal) bool { return int(id)/64 < len(s) && s[id/64]&(1<<(id%64)) != 0 }

func (s set) len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// all iterates over the set. Removing the current goal during that is fine: all reads 64 goals
// at a time.
func (s set) all() iter.Seq[Goal] {
	return func(yield func(Goal) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(Goal(i*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

func (s set) equal(o set) bool {
	for i := range max(len(s), len(o)) {
		var a, b uint64
		if i < len(s) {
			a = s[i]
		}
		if i < len(o) {
			b = o[i]
		}
		if a != b {
			return false
		}
	}
	return true
}
