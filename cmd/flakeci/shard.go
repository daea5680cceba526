package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	left, right, _ := strings.Cut(text, "/")
	i, err1 := strconv.Atoi(left)
	n, err2 := strconv.Atoi(right)
	if err1 != nil || err2 != nil || i < 1 || i > n {
		return errors.New("takes I/N with I from 1 to N, such as 2/4")
	}
	s.i, s.n = i, n
	return nil
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
			msg:  fmt.Sprintf("nothing to do: none of %d cells falls to shard %s", len(m.Cells), s),
			hint: "flakeci matrix --format github lists only shards that have cells",
		}
	}
	return share, nil
}
