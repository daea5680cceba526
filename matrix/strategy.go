package matrix

import (
	"fmt"
	"maps"
	"slices"
)

// maxJobs is GitHub's limit on the jobs of one matrix; see
// https://docs.github.com/actions/reference/limits.
const maxJobs = 256

// Strategy is the matrix of a GitHub job, for fromJSON in a workflow.
type Strategy struct {
	Include []Job `json:"include"`
}

// Job is one entry of a [Strategy].
type Job struct {
	Shard  string   `json:"shard"`  // such as 1/4
	System string   `json:"system"` // the system of all its cells; empty if they differ or only evaluation can tell
	Runner string   `json:"runner"` // for runs-on
	Cells  []string `json:"cells"`  // ids, sorted as in the matrix
}

// Strategy distributes the cells to jobs: one job for each shard and each runner that its cells
// need. runnerFor names the runner for a system; the system is empty if only evaluation can tell
// it. Strategy leaves out empty shards, and makes fewer shards if there would be more than
// GitHub's 256 jobs.
func (m Matrix) Strategy(shards int, runnerFor func(system string) string) Strategy {
	runners := map[string]bool{}
	for _, c := range m.Cells {
		runners[runnerFor(c.System)] = true
	}
	shards = max(1, min(shards, maxJobs/max(1, len(runners))))
	dealt := m.deal(shards)
	s := Strategy{Include: []Job{}}
	for i := 1; i <= shards; i++ {
		name := fmt.Sprintf("%d/%d", i, shards)
		s.Include = append(s.Include, m.part(dealt, i).jobs(name, runnerFor)...)
	}
	return s
}

// jobs makes a job for each runner that the cells of a shard need.
func (m Matrix) jobs(shard string, runnerFor func(system string) string) []Job {
	byRunner := map[string]*Job{}
	for _, c := range m.Cells {
		runner := runnerFor(c.System)
		job := byRunner[runner]
		if job == nil {
			job = &Job{Shard: shard, System: c.System, Runner: runner}
			byRunner[runner] = job
		}
		if job.System != c.System {
			job.System = ""
		}
		job.Cells = append(job.Cells, c.ID)
	}
	var jobs []Job
	for _, runner := range slices.Sorted(maps.Keys(byRunner)) {
		jobs = append(jobs, *byRunner[runner])
	}
	return jobs
}
