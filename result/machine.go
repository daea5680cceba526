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
	Basis    Basis     `json:"basis,omitzero"`
	Disk     Disk      `json:"disk,omitzero"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_seconds"`
}

// Basis identifies what the results of a run depend on, so that a later run, on any machine, can
// tell which of them still hold. Each field is a hash; an empty one means that it is unknown.
type Basis struct {
	// Evaluation is the flake in its state with its inputs, and the programs and settings that
	// evaluated it. It is empty if an evaluation may have seen more than that.
	Evaluation string `json:"evaluation,omitempty"`
	// Options are the settings of Nix that the command line gave.
	Options string `json:"options,omitempty"`
	// VM is how hosts were booted, and with which checks.
	VM string `json:"vm,omitempty"`
	// Selection are the flags that selected cells, apart from the shard.
	Selection string `json:"selection,omitempty"`
}

// Disk is what --low-disk saw and did: the size of the store's file system, the least that was free
// of it, and what was deleted again of the paths that the run had built or fetched. The size of a
// path is that of its archive.
type Disk struct {
	SizeBytes       int64 `json:"size_bytes"`
	LowestFreeBytes int64 `json:"lowest_free_bytes"`
	DeletedPaths    int   `json:"deleted_paths"`
	DeletedBytes    int64 `json:"deleted_bytes"`
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
