package matrix

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/flakeci/flakeci/result"
)

// Key is the same for matrices with the same cells.
func (m Matrix) Key() string { return Key(m.Cells) }

// Key is the same for lists of the same cells, sorted by [Compare].
func Key(cells []result.Cell) string {
	hash := sha256.New()
	for _, c := range cells {
		hash.Write([]byte(c.ID))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// maxOthers is how many cells of other shards a shard names. In a larger fleet, each shard names
// others.
const maxOthers = 500

// Describe describes the i-th of n shards, which has a part of the cells. It returns nil if n is 0:
// there are no shards.
func (m Matrix) Describe(part Matrix, i, n int) *result.Shard {
	if n == 0 {
		return nil
	}
	s := &result.Shard{Index: i, Count: n}
	own := map[string]bool{}
	for _, c := range part.Cells {
		own[c.ID] = true
	}
	for k := range m.Cells {
		c := m.Cells[(len(m.Cells)/n*i+k)%len(m.Cells)]
		if c.Path = nil; !own[c.ID] { // no report has the path
			s.Others = append(s.Others, c)
		}
		if len(s.Others) == maxOthers {
			break
		}
	}
	return s
}
