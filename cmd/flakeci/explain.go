package main

import (
	"errors"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/container"
	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/tmpdir"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/result"
)

// fail prints an error with its hint and returns the exit code.
func (a *App) fail(err error) int {
	p := explain(err)
	a.printError(p.msg, p.hint)
	for _, other := range diagnose.OtherInputs(err) {
		p := problemOf(diagnose.Uninspected(other))
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

// explainNix explains why Nix or the flake cannot be used.
func explainNix(err error) (problem, bool) {
	p, ok := diagnose.Unusable(err)
	return problemOf(p), ok
}

func problemOf(p diagnose.Problem) problem {
	codes := map[diagnose.Fault]int{diagnose.Mistake: exitUsage, diagnose.FlakeFault: exitFailed, diagnose.MachineFault: exitError}
	return problem{p.Text, p.Hint, codes[p.Fault]}
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
