package selection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Shard is the value of a flag that selects a part of the selected cells: part I of N, or those of
// a job. The zero value selects all.
type Shard struct {
	I, N  int
	Job   *matrix.Job
	isJob bool // what was given looks like a job
}

// String returns the shard as I/N.
func (s *Shard) String() string {
	switch {
	case s.Job != nil:
		return s.Job.Shard
	case s.N == 0:
		return ""
	}
	return fmt.Sprintf("%d/%d", s.I, s.N)
}

// Type says what was given.
func (s *Shard) Type() string {
	if s.isJob {
		return "job"
	}
	return "I/N"
}

// Set parses I/N, or a job in JSON. The error is that of [matrix.ParseShard] or [matrix.ParseJob].
func (s *Shard) Set(text string) error {
	*s = Shard{isJob: strings.HasPrefix(strings.TrimSpace(text), "{")}
	if s.isJob {
		job, err := matrix.ParseJob(text)
		if err == nil {
			s.Job = &job
		}
		return err
	}
	var err error
	s.I, s.N, err = matrix.ParseShard(text)
	return err
}

// Name names the shard, and is "" for all cells.
func (s *Shard) Name() string {
	if s.Job != nil {
		return s.Job.Name
	}
	return s.String()
}

// Number returns the number of the shard and of all shards. Both are 0 for all cells.
func (s *Shard) Number() (i, n int) {
	if s.Job != nil {
		return s.Job.Number()
	}
	return s.I, s.N
}

// Whole returns the cells of all shards, of which some were selected. For a job, and for the plan
// that makes the jobs, it leaves out homes inside hosts: a job may not know those in the hosts of
// other jobs.
func Whole(offered, selected matrix.Matrix, sel matrix.Selection, planned bool) matrix.Matrix {
	if sel.Job == nil && !planned {
		return selected
	}
	sel.Job = nil
	all, err := offered.Select(sel)
	if err != nil {
		return matrix.Matrix{}
	}
	return matrix.Matrix{Cells: slices.DeleteFunc(slices.Clone(all.Cells), func(c result.Cell) bool { return c.PartOf != "" })}
}

// Describe describes the shard, which has a part of all cells; nil without a shard.
func (s *Shard) Describe(all, part matrix.Matrix) *result.Shard {
	i, n := s.Number()
	return all.Describe(part, i, n)
}

// Of returns the shard's part of the selected cells, from which [Flags.Select] has already taken
// those of a job. An empty part is an [*Error]: a run without cells must not pass.
func (s *Shard) Of(m matrix.Matrix) (matrix.Matrix, error) {
	if s.N == 0 {
		return m, nil
	}
	part := m.Shard(s.I, s.N)
	if len(part.Cells) == 0 {
		return part, newError("", fmt.Sprintf("nothing to do: none of the %d cells is in shard %s", len(m.Cells), s),
			"flakeci matrix --format github lists only shards with cells")
	}
	return part, nil
}

// missing returns an error if a cell of the shard's job would not be tested. Homes inside hosts may
// be found only during the run.
func (s *Flags) missing(m matrix.Matrix, sel matrix.Selection) error {
	if sel.Job == nil {
		return nil
	}
	all := sel
	all.Job = nil
	leftOut := map[string]string{} // the filter, by id
	for _, l := range m.LeftOut(all) {
		for _, c := range l.Cells {
			leftOut[c.ID] = l.Filter
		}
	}
	for _, id := range sel.Job.Cells {
		by, there := leftOut[id], matrix.Has(m.Cells, id)
		kind, _ := KindOfPattern(id)
		switch {
		case by != "":
		case kind == result.KindVM && there && !slices.ContainsFunc(m.Cells, func(c result.Cell) bool { return c.ID == id && all.Admits(c) }):
			by = "vm" // LeftOut does not list VMs
			if !s.isSet("vm") {
				by = "kind"
			}
		case IsOther(kind) && !slices.Contains(sel.Kinds, kind): // such cells are not listed then
			by = "kind"
		case !there && !slices.ContainsFunc(m.Cells, func(host result.Cell) bool { _, inside := matrix.EmbeddedUser(host.ID, id); return inside }):
			return newError("", fmt.Sprintf("shard %s lists %s, which the flake does not have", sel.Job.Name, id), "give each job the revision that flakeci matrix was given")
		}
		if by != "" {
			return newError(by, fmt.Sprintf("shard %s lists %s, which %s leaves out", sel.Job.Name, id, s.describe(by)), "give each job the flags that flakeci matrix was given")
		}
	}
	return nil
}
