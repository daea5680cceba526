package reports

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestVerdictOf(t *testing.T) {
	passed, failed := Cell{Status: result.Passed}, Cell{Status: result.Failed}
	machine := Cell{Status: result.Error}
	for name, c := range map[string]struct {
		cells       []Cell
		causes      []Cause
		interrupted bool
		want        Verdict
	}{
		"nothing":                       {want: VerdictError},
		"all passed":                    {cells: []Cell{passed, passed}, want: VerdictPassed},
		"one failed":                    {cells: []Cell{passed, failed}, want: VerdictFailed},
		"one waits for another":         {cells: []Cell{passed, {Status: result.DependencyFailed}}, want: VerdictFailed},
		"one took too long":             {cells: []Cell{{Status: result.TimedOut}, passed}, want: VerdictFailed},
		"the machine could not":         {cells: []Cell{passed, machine}, want: VerdictError},
		"failed outranks error":         {cells: []Cell{machine, failed}, want: VerdictFailed},
		"one was stopped":               {cells: []Cell{passed, {Status: result.Canceled}}, want: VerdictError},
		"skipped is not failed":         {cells: []Cell{passed, {Status: result.Skipped}}, want: VerdictPassed},
		"all skipped":                   {cells: []Cell{{Status: result.Skipped}}, want: VerdictError},
		"no result":                     {cells: []Cell{passed, {}}, want: VerdictError},
		"a status of tomorrow":          {cells: []Cell{passed, {Status: "melted"}}, want: VerdictError},
		"interrupted":                   {cells: []Cell{passed}, interrupted: true, want: VerdictCanceled},
		"interrupted outranks failed":   {cells: []Cell{failed}, interrupted: true, want: VerdictCanceled},
		"interrupted before anything":   {interrupted: true, want: VerdictCanceled},
		"broken flake":                  {causes: []Cause{{Kind: "eval"}}, want: VerdictFailed},
		"broken flake with cells":       {cells: []Cell{passed}, causes: []Cause{{Kind: "eval"}}, want: VerdictFailed},
		"input that cannot be fetched":  {causes: []Cause{{Kind: "input"}}, want: VerdictError},
		"machine's cause beside passed": {cells: []Cell{passed}, causes: []Cause{{Kind: "infra"}}, want: VerdictError},
		"machine's, then flake's":       {causes: []Cause{{Kind: "infra"}, {Kind: "eval"}}, want: VerdictFailed},
		"build that hosts wait for":     {causes: []Cause{{Kind: "build"}}, want: VerdictFailed},
		"hash that hosts wait for":      {causes: []Cause{{Kind: "hash-mismatch"}}, want: VerdictFailed},
		"hosts took too long":           {causes: []Cause{{Kind: "timeout"}}, want: VerdictFailed},
		"a cause of tomorrow":           {causes: []Cause{{Kind: "melted"}}, want: VerdictError},
		"cause of a cell":               {cells: []Cell{failed}, causes: []Cause{{Kind: "infra", Cells: []string{"x"}}}, want: VerdictFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := VerdictOf(c.cells, c.causes, c.interrupted); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
