package main

import (
	"errors"
	"fmt"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/container"
	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/tmpdir"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
)

// fail prints an error with its hint and returns the exit code.
func (a *App) fail(err error) int {
	p := explain(err)
	a.printError(p.msg, p.hint)
	for _, other := range otherInputs(err) {
		p := explainEval(other)
		a.printError(p.msg, p.hint)
	}
	return p.code
}

// problem is an error as the user sees it.
type problem struct {
	msg, hint string
	code      int
}

// explain turns the typed errors of other packages into advice.
func explain(err error) problem {
	var usage *usageError
	if errors.As(err, &usage) {
		return problem{usage.msg, usage.hint, exitUsage}
	}
	var mistake *config.Error
	if errors.As(err, &mistake) {
		return problem{err.Error(), mistake.Hint, exitUsage}
	}
	var noTmp *tmpdir.Error
	if errors.As(err, &noTmp) {
		return problem{err.Error(), diagnose.TemporaryHint, exitError}
	}
	var noContainer *container.Error
	if errors.As(err, &noContainer) {
		return problem{err.Error(), noContainer.Hint, exitError}
	}
	for _, f := range []func(error) (problem, bool){explainNix, explainReport} {
		if p, ok := f(err); ok {
			return p
		}
	}
	return problem{msg: err.Error(), code: exitError}
}

func explainNix(err error) (problem, bool) {
	var noFlake *nix.NoFlakeError
	var notFound *nix.NotFoundError
	var tooOld *nix.TooOldError
	var evalErr *nixlog.EvalError
	var late *nix.TimeoutError
	var slow *cause.SlowError
	switch {
	case errors.As(err, &late), errors.As(err, &slow): // the flake may not be to blame
		return problem{err.Error(), diagnose.Eval(err).Hint, exitError}, true
	case errors.As(err, &noFlake):
		hint := "give a folder with a flake.nix, or a flake reference"
		switch {
		case noFlake.Input != "":
			hint = "--override-input takes an existing folder or a flake reference"
		case noFlake.Untracked != "":
			hint = fmt.Sprintf("git does not track %s, so Nix does not see it: git add %s", noFlake.Untracked, noFlake.Untracked)
		}
		return problem{err.Error(), hint, exitUsage}, true
	case errors.As(err, &notFound):
		return problem{err.Error(), "install Nix, or give its path with --nix or FLAKECI_NIX", exitError}, true
	case errors.As(err, &evalErr):
		return explainEval(err), true
	case errors.As(err, &tooOld):
		return problem{err.Error(), "install a newer Nix, or give the path of one with --nix or FLAKECI_NIX", exitError}, true
	}
	return problem{}, false
}

// explainEval describes why a flake could not be inspected, with the hint of a run's report.
func explainEval(err error) problem {
	c := diagnose.Eval(err)
	switch {
	case c.Kind.Status().BlamesFlake():
		return problem{err.Error(), c.Hint, exitFailed}
	case c.Kind == result.CauseInfra:
		return problem{c.Title, c.Hint, exitError}
	case c.Kind == result.CauseInput:
		return problem{c.Title + ": " + c.Message, c.Hint, exitError}
	}
	return problem{err.Error(), c.Hint, exitError}
}

// flakeCauses returns why a flake cannot be inspected: one cause, or one for each input that could
// not be fetched.
func flakeCauses(err error) []*result.Cause {
	causes := []*result.Cause{diagnose.Eval(err)}
	for _, other := range otherInputs(err) {
		causes = append(causes, diagnose.Eval(other))
	}
	return causes
}

// otherInputs lists the errors of further inputs that could not be fetched.
func otherInputs(err error) []*nixlog.EvalError {
	var e *nixlog.EvalError
	if !errors.As(err, &e) {
		return nil
	}
	return e.Others
}

func explainReport(err error) (problem, bool) {
	var schema *result.SchemaError
	var format *result.FormatError
	if errors.As(err, &schema) || errors.As(err, &format) {
		return problem{err.Error(), savedHint, exitUsage}, true
	}
	var clash *github.ClashError
	if errors.As(err, &clash) {
		return problem{err.Error(), clashHint, exitError}, true
	}
	return problem{}, false
}

// clashHint is for the jobs of a matrix, which GitHub gives the same name.
const clashHint = "give each job of a matrix another --comment-key (the action's name), or let one job merge their reports"

// savedHint is for a file that is not a report.
const savedHint = "give a file written by flakeci run --json"
