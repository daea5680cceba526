package result_test

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestVerdictOf(t *testing.T) {
	passed, failed := result.CellResult{Status: result.Passed}, result.CellResult{Status: result.Failed}
	machine := result.CellResult{Status: result.Error}
	for name, c := range map[string]struct {
		cells       []result.CellResult
		causes      []result.Cause
		interrupted bool
		want        result.Verdict
	}{
		"nothing":                       {want: result.VerdictError},
		"all passed":                    {cells: []result.CellResult{passed, passed}, want: result.VerdictPassed},
		"one failed":                    {cells: []result.CellResult{passed, failed}, want: result.VerdictFailed},
		"one waits for another":         {cells: []result.CellResult{passed, {Status: result.DependencyFailed}}, want: result.VerdictFailed},
		"one took too long":             {cells: []result.CellResult{{Status: result.TimedOut}, passed}, want: result.VerdictFailed},
		"the machine could not":         {cells: []result.CellResult{passed, machine}, want: result.VerdictError},
		"failed outranks error":         {cells: []result.CellResult{machine, failed}, want: result.VerdictFailed},
		"one was stopped":               {cells: []result.CellResult{passed, {Status: result.Canceled}}, want: result.VerdictError},
		"skipped is not failed":         {cells: []result.CellResult{passed, {Status: result.Skipped}}, want: result.VerdictPassed},
		"all skipped":                   {cells: []result.CellResult{{Status: result.Skipped}}, want: result.VerdictError},
		"no result":                     {cells: []result.CellResult{passed, {}}, want: result.VerdictError},
		"a status of tomorrow":          {cells: []result.CellResult{passed, {Status: "melted"}}, want: result.VerdictError},
		"interrupted":                   {cells: []result.CellResult{passed}, interrupted: true, want: result.VerdictCanceled},
		"interrupted outranks failed":   {cells: []result.CellResult{failed}, interrupted: true, want: result.VerdictCanceled},
		"interrupted before anything":   {interrupted: true, want: result.VerdictCanceled},
		"broken flake":                  {causes: []result.Cause{{Kind: "eval"}}, want: result.VerdictFailed},
		"broken flake with cells":       {cells: []result.CellResult{passed}, causes: []result.Cause{{Kind: "eval"}}, want: result.VerdictFailed},
		"input that cannot be fetched":  {causes: []result.Cause{{Kind: "input"}}, want: result.VerdictError},
		"machine's cause beside passed": {cells: []result.CellResult{passed}, causes: []result.Cause{{Kind: "infra"}}, want: result.VerdictError},
		"machine's, then flake's":       {causes: []result.Cause{{Kind: "infra"}, {Kind: "eval"}}, want: result.VerdictFailed},
		"build that hosts wait for":     {causes: []result.Cause{{Kind: "build"}}, want: result.VerdictFailed},
		"hash that hosts wait for":      {causes: []result.Cause{{Kind: "hash-mismatch"}}, want: result.VerdictFailed},
		"hosts took too long":           {causes: []result.Cause{{Kind: "timeout"}}, want: result.VerdictFailed},
		"a cause of tomorrow":           {causes: []result.Cause{{Kind: "melted"}}, want: result.VerdictError},
		"cause of a cell":               {cells: []result.CellResult{failed}, causes: []result.Cause{{Kind: "infra", Cells: []string{"x"}}}, want: result.VerdictFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := result.VerdictOf(c.cells, c.causes, c.interrupted); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
