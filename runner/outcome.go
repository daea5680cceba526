package runner

import (
	"slices"
	"strconv"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Outcome is what a run came to. Results and causes are in the order of the
// cells.
type Outcome struct {
	Results     []Result
	Causes      []*result.Cause
	Interrupted bool
}

// Conclude puts results and their causes in order, names the causes, and says of
// each cell which one before it is the same.
func Conclude(results []Result, interrupted bool) Outcome {
	out := Outcome{Results: results, Interrupted: interrupted}
	slices.SortStableFunc(out.Results, func(a, b Result) int { return matrix.Compare(a.Cell, b.Cell) })
	first := map[string]string{}
	for i := range out.Results {
		res := &out.Results[i]
		if id, ok := first[res.DrvPath]; ok && res.DrvPath != "" {
			res.SameAs = id
		} else {
			first[res.DrvPath] = res.Cell.ID
		}
		for _, c := range res.Causes {
			if !slices.Contains(out.Causes, c) {
				out.Causes = append(out.Causes, c)
				c.ID = "c" + strconv.Itoa(len(out.Causes))
			}
		}
	}
	return out
}
