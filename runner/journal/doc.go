// Package journal keeps the record of a run as it happens, so that a run that was killed can
// be reported and resumed.
//
// It is a file of JSON lines, each ending with a checksum, so that damage is noticed.
// The first is the [Head], which says what was run; then come the cells, and some of the
// events of the run: a phase that begins, a cell that is finished, with each cause in a
// line of its own before the first cell that has it. A run that came to its
// end says so in the last line. Each line is written to the file with its event, so
// that it outlives flakeci. Those of finished cells are synced several times a second, so that
// only the last moment is lost if the machine dies. Reading ends at a line that is cut off or
// damaged. The journal begins before the flake is looked into, and is written anew when the
// cells are known.
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

// Head is what is known of a run before it begins.
type Head struct {
	Schema  string    `json:"schema"`
	Started time.Time `json:"started"`
	// Looking says that the flake was still being looked into: there are no cells yet.
	Looking bool `json:"looking,omitempty"`
	// Dir is the folder that flakeci was started in.
	Dir string `json:"dir"`
	// Flake tells the flake with its inputs from any other, and any other state of
	// it; empty where an evaluation may see more than that, or a later state.
	Flake string `json:"flake"`
	// Terms are what else a result holds for, by the names of flags and programs.
	Terms map[string]string `json:"terms"`
	// Selection and Shard choose among the cells.
	Selection matrix.Selection `json:"selection"`
	Shard     Shard            `json:"shard"`
	// About is what a report says of the run as a whole.
	About json.RawMessage `json:"about"`
}

// Shard is one of N shares of the cells; the zero value is all of them.
type Shard struct {
	I, N int
}

// record is a line: when it was written, and one thing besides.
type record struct {
	At   time.Time `json:"at"`
	Head *Head     `json:"head,omitempty"`
	// Offer are the cells of the flake, without the homes inside hosts, which are in Found.
	Offer []cell      `json:"offer,omitempty"`
	Found *cell       `json:"found,omitempty"`
	Start *start      `json:"start,omitempty"`
	Cause *cause      `json:"cause,omitempty"`
	Done  *cellResult `json:"done,omitempty"`
	// Earlier is a result of the run that this one resumes, which it may still take over.
	Earlier *cellResult `json:"earlier,omitempty"`
	End     *end        `json:"end,omitempty"`
}

// start is a phase of a cell that begins.
type start struct {
	Cell  cell             `json:"cell"`
	Phase result.PhaseName `json:"phase"`
}

// end is the end of a run.
type end struct {
	Interrupted bool            `json:"interrupted"`
	About       json.RawMessage `json:"about"`
}

// cell is a cell with its path, which the JSON of a cell leaves out.
type cell struct {
	matrix.Cell
	Path []string `json:"path"`
}

func cellOf(c matrix.Cell) *cell { return &cell{c, c.Path} }

func (c cell) plain() matrix.Cell {
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

// encode puts numbers in the place of causes.
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

// decode puts the causes back.
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
