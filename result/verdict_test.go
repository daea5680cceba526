package result_test

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestVerdictOf(t *testing.T) {
	passed, failed := result.Cell{Status: result.Passed}, result.Cell{Status: result.Failed}
	machine := result.Cell{Status: result.Error}
	for name, c := range map[string]struct {
		cells       []result.Cell
		causes      []result.Cause
		interrupted bool
		want        result.Verdict
	}{
		"nothing":                       {want: result.VerdictError},
		"all passed":                    {cells: []result.Cell{passed, passed}, want: result.VerdictPassed},
		"one failed":                    {cells: []result.Cell{passed, failed}, want: result.VerdictFailed},
		"one waits for another":         {cells: []result.Cell{passed, {Status: result.DependencyFailed}}, want: result.VerdictFailed},
		"one took too long":             {cells: []result.Cell{{Status: result.TimedOut}, passed}, want: result.VerdictFailed},
		"the machine could not":         {cells: []result.Cell{passed, machine}, want: result.VerdictError},
		"failed outranks error":         {cells: []result.Cell{machine, failed}, want: result.VerdictFailed},
		"one was stopped":               {cells: []result.Cell{passed, {Status: result.Canceled}}, want: result.VerdictError},
		"skipped is not failed":         {cells: []result.Cell{passed, {Status: result.Skipped}}, want: result.VerdictPassed},
		"all skipped":                   {cells: []result.Cell{{Status: result.Skipped}}, want: result.VerdictError},
		"no result":                     {cells: []result.Cell{passed, {}}, want: result.VerdictError},
		"a status of tomorrow":          {cells: []result.Cell{passed, {Status: "melted"}}, want: result.VerdictError},
		"interrupted":                   {cells: []result.Cell{passed}, interrupted: true, want: result.VerdictCanceled},
		"interrupted outranks failed":   {cells: []result.Cell{failed}, interrupted: true, want: result.VerdictCanceled},
		"interrupted before anything":   {interrupted: true, want: result.VerdictCanceled},
		"broken flake":                  {causes: []result.Cause{{Kind: "eval"}}, want: result.VerdictFailed},
		"broken flake with cells":       {cells: []result.Cell{passed}, causes: []result.Cause{{Kind: "eval"}}, want: result.VerdictFailed},
		"input that cannot be fetched":  {causes: []result.Cause{{Kind: "input"}}, want: result.VerdictError},
		"machine's cause beside passed": {cells: []result.Cell{passed}, causes: []result.Cause{{Kind: "infra"}}, want: result.VerdictError},
		"machine's, then flake's":       {causes: []result.Cause{{Kind: "infra"}, {Kind: "eval"}}, want: result.VerdictFailed},
		"build that hosts wait for":     {causes: []result.Cause{{Kind: "build"}}, want: result.VerdictFailed},
		"hash that hosts wait for":      {causes: []result.Cause{{Kind: "hash-mismatch"}}, want: result.VerdictFailed},
		"hosts took too long":           {causes: []result.Cause{{Kind: "timeout"}}, want: result.VerdictFailed},
		"a cause of tomorrow":           {causes: []result.Cause{{Kind: "melted"}}, want: result.VerdictError},
		"cause of a cell":               {cells: []result.Cell{failed}, causes: []result.Cause{{Kind: "infra", Cells: []string{"x"}}}, want: result.VerdictFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := result.VerdictOf(c.cells, c.causes, c.interrupted); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
