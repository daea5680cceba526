package result

import (
	"fmt"
	"time"
)

// Machine is where a run took place, and which part of the work the run was. The report of a run
// has one; a merged report has one for each run.
type Machine struct {
	// Name is the name of GitHub's runner or of the machine. It is unique in its report.
	Name   string `json:"name"`
	System string `json:"system,omitempty"` // such as x86_64-linux
	// Run, Job and Attempt are those of GitHub Actions. The attempts of a run count from 1.
	Run     string `json:"run,omitempty"`
	Job     string `json:"job,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	// Selection is the same for runs that selected the same cells, of which each may have run
	// another shard. It is empty if the flake could not be inspected.
	Selection string `json:"selection,omitempty"`
	// Shard is nil unless the run was one of several shards.
	Shard    *Shard    `json:"shard,omitempty"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_seconds"`
}

// Shard is one of the parts into which the selected cells were divided.
type Shard struct {
	// Index counts from 1. It is 0 for the plan that divided the cells: its part are those that
	// need no shard, because they do not evaluate or are cached.
	Index int `json:"index"`
	Count int `json:"count"`
	// Planned is set if there is a plan, whose report belongs to those of the shards.
	Planned bool `json:"planned,omitempty"`
	// Others are selected cells of other shards, so that a merged report can say what a missing
	// shard would have tested.
	Others []Cell `json:"others,omitempty"`
}

// IsPlan reports whether this is the part of the plan itself.
func (s Shard) IsPlan() bool { return s.Planned && s.Index == 0 }

// String returns the shard as the command line takes it, such as 2/4.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }
