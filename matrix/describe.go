package matrix

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/flakeci/flakeci/result"
)

// Key is the same for matrices with the same cells.
func (m Matrix) Key() string {
	hash := sha256.New()
	for _, c := range m.Cells {
		hash.Write([]byte(c.ID))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// maxOthers is how many cells of other shards a shard describes. If shards of a larger fleet are
// missing, the reports of those before them still say what they would have tested.
const maxOthers = 1000

// Describe describes the i-th of n shards, with cells of the others: those of the next shard, and
// of further ones while there are at most a thousand. Without any cells, none of the shards counts
// as empty: the cells are not known.
func (m Matrix) Describe(i, n int) result.Shard {
	s := result.Shard{Index: i, Count: n}
	dealt := m.deal(n)
	cells := map[int][]result.Cell{}
	for _, c := range m.Cells {
		c.Path = nil // no report has it
		shard := dealt.shards[dealt.of(c)]
		cells[shard] = append(cells[shard], c)
	}
	for index := 1; index <= n; index++ {
		if len(m.Cells) > 0 && len(cells[index]) == 0 {
			s.Empty = append(s.Empty, index)
		}
	}
	for told, k := 0, 1; k < n; k++ {
		index := (i+k-1)%n + 1
		if told += len(cells[index]); k > 1 && told > maxOthers {
			break
		}
		if len(cells[index]) > 0 {
			s.Others = append(s.Others, result.ShardCells{Index: index, Cells: cells[index]})
		}
	}
	return s
}
