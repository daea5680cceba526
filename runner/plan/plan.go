// Package plan keeps what one run evaluated, so that the shards of the same flake need not
// evaluate it again.
package plan

import (
	"slices"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/baseline"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Schema names the version of the JSON form of a [Plan].
const Schema = "flakeci.plan/v1"

// Plan is what a run found out about the cells of a flake without building any.
type Plan struct {
	Schema string       `json:"schema"`
	Tool   result.Tool  `json:"tool"`
	Nix    result.Tool  `json:"nix"`
	Flake  result.Flake `json:"flake"`
	Cells  []Cell       `json:"cells"`
	Head   State        `json:"head"`
	// Base is what the run is compared with, nil if with nothing.
	Base *State `json:"base,omitempty"`
	// Sum is a checksum of the rest: a flipped bit could turn the path of a derivation into that
	// of another one.
	Sum string `json:"sum"`
}

// Cell is one of the cells of a plan.
type Cell struct {
	result.Cell
	Status result.Status `json:"status"`
	How    result.How    `json:"how,omitempty"`
	// Pending is set if a shard has to build or boot the cell, or needs it for another one.
	Pending bool   `json:"pending"`
	DrvPath string `json:"drv_path,omitempty"`
	// BaseDrvPath is the derivation at the base, if there is a base that has the cell.
	BaseDrvPath string `json:"base_drv_path,omitempty"`
	// Weight is how many seconds the cell is expected to take.
	Weight float64 `json:"weight"`
}

// State is what is known about one state of the flake: as it is, or as it was at the base.
type State struct {
	// Content identifies the files of the flake and of its inputs; see [nix.Flake.Content].
	Content   string                      `json:"content"`
	Inventory matrix.Inventory            `json:"inventory"`
	Seen      []result.NotTested          `json:"not_tested,omitempty"`
	Answers   map[string]evalcache.Answer `json:"answers"`
	// Incomplete is why the base may have more cells. The report of the plan says the same of the
	// flake as it is.
	Incomplete *result.Cause `json:"incomplete,omitempty"`
}

// New makes the plan of a run that built nothing, with its report. Head is what is known about the
// flake, past what is known about its cells.
func New(r result.Report, results []outcome.Result, pending matrix.Matrix, past matrix.Past, head State, b baseline.Baseline) *Plan {
	evaluated := b.Base != nil && b.Base.Target != nil
	p := &Plan{Tool: r.Tool, Nix: r.Nix, Flake: r.Flake, Cells: cells(results, pending, pending.Weights(past), evaluated), Head: head}
	p.Head.addHomes(results)
	if b.Base != nil && b.Target != nil {
		base := NewState(b.Target, b.Discovery)
		base.Incomplete = b.Base.Incomplete
		p.Base = &base
	}
	return p
}

// NewState returns what is known about a flake.
func NewState(t *nix.Target, d runner.Discovery) State {
	return State{Content: t.Flake.Content(), Inventory: d.Inventory, Seen: d.Seen, Answers: t.Answers()}
}

// Offer returns what the flake offers, as [runner.Discover] does.
func (s State) Offer() runner.Discovery {
	d := runner.Discovery{Inventory: s.Inventory, Matrix: matrix.New(s.Inventory), Seen: s.Seen}
	if s.Incomplete != nil {
		d.Causes = []*result.Cause{s.Incomplete}
	}
	return d
}

// addHomes adds the homes that were found inside of hosts, and what hosts say about themselves.
func (s *State) addHomes(results []outcome.Result) {
	s.Inventory.Infos = map[string]result.HostInfo{}
	hosts := map[string]string{} // names by cell
	for _, res := range results {
		hosts[res.Cell.ID] = res.Cell.Host
		if !res.Info.IsZero() {
			s.Inventory.Infos[res.Cell.Host] = res.Info
		}
	}
	for _, res := range results {
		in := res.Cell.PartOf
		if user, inside := matrix.EmbeddedUser(in, res.Cell.ID); inside && hosts[in] != "" {
			s.Inventory.Embedded = append(s.Inventory.Embedded, matrix.Embedded{Host: hosts[in], In: in, User: user, Username: res.Home.Username})
		}
	}
}

// Pending returns the selected cells that need a job: those that were evaluated, and are neither
// cached nor left out. With a VM come the cells that its job needs to activate homes in it.
func Pending(selected matrix.Matrix, results []outcome.Result) matrix.Matrix {
	todo, passed := map[string]bool{}, map[string]bool{}
	var cells []result.Cell
	for _, res := range results {
		if res.Status == result.Passed {
			cells = append(cells, res.Cell)
		}
		passed[res.Cell.ID] = res.Status == result.Passed
		todo[res.Cell.ID] = res.Status == result.Passed && res.How == result.Evaluated
	}
	return selected.With(cells...).Pending(
		func(c result.Cell) bool { return todo[c.ID] },
		func(c result.Cell) bool { return passed[c.ID] },
	)
}

// cells lists the cells of a plan. BaseEvaluated says that derivations at the base are in the store:
// those that only the report of an earlier run names may be gone, and its results need none.
func cells(results []outcome.Result, pending matrix.Matrix, weights map[string]float64, baseEvaluated bool) []Cell {
	var list []Cell
	for _, res := range results {
		c := Cell{Cell: res.Cell, Status: res.Status, How: res.How, DrvPath: res.DrvPath, Weight: weights[res.Cell.ID]}
		c.Path = nil
		c.Pending = matrix.Has(pending.Cells, c.ID)
		if res.Base != nil && baseEvaluated {
			c.BaseDrvPath = res.Base.DrvPath
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Cell) int { return matrix.Compare(a.Cell, b.Cell) })
	return list
}

// Derivations returns the derivations that a shard with some of the pending cells needs, sorted.
// A nil function stands for all.
func (p *Plan) Derivations(has func(id string) bool) []string {
	var drvs []string
	for _, c := range p.Cells {
		if !c.Pending || has != nil && !has(c.ID) {
			continue
		}
		for _, drv := range []string{c.DrvPath, c.BaseDrvPath} {
			if drv != "" {
				drvs = append(drvs, drv)
			}
		}
	}
	slices.Sort(drvs)
	return slices.Compact(drvs)
}
