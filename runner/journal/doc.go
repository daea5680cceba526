// Package journal records a run as it happens. A run that was killed can then be reported, or
// resumed.
//
// A journal is a file of JSON lines. Each line ends with a checksum, so that damage is noticed.
// The first line is the [Head], which describes the run. Then come the cells and some of the
// events of the run: a phase that begins, a cell that is finished. Each cause has a line of its
// own before the first cell that has it. The last line says that the run ended. Each line is
// written at its event, so that it outlives flakeci. Those of finished cells are synced several
// times a second, so that only the last moment is lost if the machine dies. Reading ends at a line
// that is cut off or damaged. The journal begins before the flake is inspected, and is written
// anew once the cells are known.
package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Schema names the version of the lines that this package writes and reads.
const Schema = "flakeci.journal/v2"

// Head is what is known about a run before it begins.
type Head struct {
	Schema  string    `json:"schema"`
	Started time.Time `json:"started"`
	// Looking means that the flake was still being inspected: there are no cells yet.
	Looking bool `json:"looking,omitempty"`
	// Dir is the folder that flakeci was started in.
	Dir string `json:"dir"`
	// Flake identifies the flake in this state, with its inputs. It is empty if an evaluation
	// may see more than that, or a later state.
	Flake string `json:"flake"`
	// Terms are what else the results depend on, by the names of flags and programs.
	Terms map[string]string `json:"terms"`
	// Selection and Shard select among the cells.
	Selection matrix.Selection `json:"selection"`
	Shard     Shard            `json:"shard"`
	// About is what a report says about the run as a whole.
	About json.RawMessage `json:"about"`
}

// Shard is shard I of N of the cells. The zero value is all cells.
type Shard struct {
	I, N int
}

// record is a line: when it was written, and one of the other fields.
type record struct {
	At   time.Time `json:"at"`
	Head *Head     `json:"head,omitempty"`
	// Offer are the cells of the flake. Found is a home inside a host.
	Offer []cell      `json:"offer,omitempty"`
	Found *cell       `json:"found,omitempty"`
	Start *start      `json:"start,omitempty"`
	Cause *cause      `json:"cause,omitempty"`
	Done  *cellResult `json:"done,omitempty"`
	// Earlier is a result of the run that this one resumes, which it may still take over.
	Earlier *cellResult `json:"earlier,omitempty"`
	End     *end        `json:"end,omitempty"`
}

// start says that a phase of a cell begins.
type start struct {
	Cell  cell             `json:"cell"`
	Phase result.PhaseName `json:"phase"`
}

// end says that the run has ended.
type end struct {
	Interrupted bool            `json:"interrupted"`
	About       json.RawMessage `json:"about"`
}

// cell is a cell with its path, which the JSON of a cell leaves out.
type cell struct {
	result.Cell
	Path []string `json:"path"`
}

func cellOf(c result.Cell) *cell { return &cell{c, c.Path} }

func (c cell) plain() result.Cell {
	c.Cell.Path = c.Path
	return c.Cell
}

// cause is a cause with the number that results name it by.
type cause struct {
	Number int
	result.Cause
}

// cellResult is a result whose causes are numbers.
type cellResult struct {
	outcome.Result
	Cell   cell
	Causes []int
	Phases []phase
}

// phase is a phase whose causes are numbers.
type phase struct {
	outcome.Phase
	Causes []int
}

// encode replaces causes with numbers.
func encode(res outcome.Result, number func(*result.Cause) int) *cellResult {
	out := &cellResult{Result: res, Cell: *cellOf(res.Cell), Causes: numbers(res.Causes, number)}
	for _, p := range res.Phases {
		out.Phases = append(out.Phases, phase{p, numbers(p.Causes, number)})
	}
	return out
}

func numbers(causes []*result.Cause, number func(*result.Cause) int) []int {
	var list []int
	for _, c := range causes {
		list = append(list, number(c))
	}
	return list
}

// decode replaces numbers with causes.
func (r *cellResult) decode(causes map[int]*result.Cause) (res outcome.Result, err error) {
	res = r.Result
	res.Cell, res.Phases = r.Cell.plain(), nil
	if res.Causes, err = lookUp(r.Causes, causes); err != nil {
		return res, err
	}
	for _, p := range r.Phases {
		if p.Phase.Causes, err = lookUp(p.Causes, causes); err != nil {
			return res, err
		}
		res.Phases = append(res.Phases, p.Phase)
	}
	return res, nil
}

func lookUp(numbers []int, known map[int]*result.Cause) ([]*result.Cause, error) {
	var list []*result.Cause
	for _, n := range numbers {
		c := known[n]
		if c == nil {
			return nil, fmt.Errorf("cause %d is missing", n)
		}
		list = append(list, c)
	}
	return list, nil
}
