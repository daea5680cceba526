package main

import (
	"fmt"

	"github.com/flakeci/flakeci/matrix"
)

// shardFlag is I/N; the zero value selects all cells.
type shardFlag struct {
	i, n int
}

func (s *shardFlag) String() string {
	if s.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.i, s.n)
}

// Type names the value in the help.
func (s *shardFlag) Type() string { return "I/N" }

// Set parses I/N, counting from 1.
func (s *shardFlag) Set(text string) error {
	var err error
	s.i, s.n, err = matrix.ParseShard(text)
	return err
}

// of returns the shard's part of a matrix. An empty one is an error: a run without cells
// must not pass.
func (s *shardFlag) of(m matrix.Matrix) (matrix.Matrix, error) {
	if s.n == 0 {
		return m, nil
	}
	part := m.Shard(s.i, s.n)
	if len(part.Cells) == 0 {
		return part, &usageError{
			msg:  fmt.Sprintf("nothing to do: none of the %d cells is in shard %s", len(m.Cells), s),
			hint: "flakeci matrix --format github lists only shards with cells",
		}
	}
	return part, nil
}
