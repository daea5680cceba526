package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// strategyFlags say how to divide cells among the jobs of a workflow.
type strategyFlags struct {
	jobs    flagvalue.Count
	weights []string
	runners map[string]string
}

// add adds the flags. When says in which case they have an effect.
func (f *strategyFlags) add(fs *pflag.FlagSet, when string) {
	f.jobs = 1
	fs.Var(&f.jobs, "max-jobs", when+"divide the cells among at most `N` jobs, or one for each system if that is more")
	fs.StringArrayVar(&f.weights, "weights", nil, when+"balance the jobs by the times in `FILE`, a report saved with --json; repeat it for several reports (default the times that this machine remembers)")
	fs.StringToStringVar(&f.runners, "runner", nil, when+"run the jobs for SYSTEM on a runner with LABEL: `SYSTEM=LABEL` (default GitHub's own runners)")
	fs.Lookup("runner").DefValue = "" // or the help would add []
}

// past checks --runner and reads the reports of --weights.
func (f *strategyFlags) past() (past matrix.Past, err error) {
	for system := range f.runners {
		if near := matrix.NearSystem(system); near != "" {
			return past, &usageError{msg: "--runner: there is no system " + system, hint: "did you mean " + near + "?"}
		}
	}
	for _, path := range f.weights {
		file, err := safefile.OpenNamed(path)
		if err != nil {
			return past, &usageError{msg: err.Error(), hint: savedHint}
		}
		r, err := result.ReadJSON(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return past, fmt.Errorf("%s: %w", path, err)
		}
		past.Add(r)
	}
	return past, nil
}

// strategy divides cells among jobs.
func (a *App) strategy(m matrix.Matrix, f strategyFlags, past matrix.Past) matrix.Strategy {
	s := m.Strategy(matrix.StrategyOptions{Jobs: int(f.jobs), Past: past, Runner: func(system string) string {
		return cmp.Or(f.runners[system], matrix.DefaultRunner(system))
	}})
	if err := s.Check(); err != nil {
		a.warnf("%v", err)
	}
	return s
}
