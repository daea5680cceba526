package main

import (
	"fmt"

	"github.com/flakeci/flakeci/matrix"
)

// shardFlag is I/N; the zero value is the whole.
type shardFlag struct {
	i, n int
}

func (s *shardFlag) String() string {
	if s.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.i, s.n)
}

// Type is how the value is called in the help.
func (s *shardFlag) Type() string { return "I/N" }

// Set reads I/N, counting from 1.
func (s *shardFlag) Set(text string) error {
	var err error
	s.i, s.n, err = matrix.ParseShard(text)
	return err
}

// of takes the share. One without a cell is an error: a run never passes on
// nothing.
func (s *shardFlag) of(m matrix.Matrix) (matrix.Matrix, error) {
	if s.n == 0 {
		return m, nil
	}
	share := m.Shard(s.i, s.n)
	if len(share.Cells) == 0 {
		return share, &usageError{
			msg:  fmt.Sprintf("nothing to do: none of the %d cells is in shard %s", len(m.Cells), s),
			hint: "flakeci matrix --format github lists only shards with cells",
		}
	}
	return share, nil
}
