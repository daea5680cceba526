package diagnose

import (
	"errors"
	"fmt"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// Fault says who has to mend a [Problem].
type Fault int

// The faults. A mistake is one on the command line.
const (
	Mistake Fault = iota
	FlakeFault
	MachineFault
)

// Problem is an error that ends a run before there is a report.
type Problem struct {
	Text, Hint string
	Fault      Fault
}

// Unusable describes why Nix or the flake cannot be used. It returns false for an error of another
// kind.
func Unusable(err error) (p Problem, ok bool) {
	var noFlake *nix.NoFlakeError
	var notFound *nix.NotFoundError
	var tooOld *nix.TooOldError
	var evalErr *nixlog.EvalError
	var late *nix.TimeoutError
	var known interface{ Cause() *result.Cause }
	switch {
	case errors.As(err, &late), errors.As(err, &known): // the flake may not be to blame
		return Problem{err.Error(), Eval(err).Hint, MachineFault}, true
	case errors.As(err, &noFlake):
		return Problem{err.Error(), noFlakeHint(noFlake), Mistake}, true
	case errors.As(err, &notFound):
		return Problem{err.Error(), "install Nix, or give its path with --nix or FLAKECI_NIX", MachineFault}, true
	case errors.As(err, &evalErr):
		return Uninspected(err), true
	case errors.As(err, &tooOld):
		return Problem{err.Error(), "install a newer Nix, or give the path of one with --nix or FLAKECI_NIX", MachineFault}, true
	}
	return Problem{}, false
}

func noFlakeHint(e *nix.NoFlakeError) string {
	switch {
	case e.Input != "":
		return "--override-input takes an existing folder or a flake reference"
	case e.Untracked != "":
		return fmt.Sprintf("git does not track %s, so Nix does not see it: git add %s", e.Untracked, e.Untracked)
	}
	return "give a folder with a flake.nix, or a flake reference"
}

// Uninspected describes why a flake could not be inspected, with the hint of a run's report.
func Uninspected(err error) Problem {
	c := Eval(err)
	switch {
	case c.Kind.Status().BlamesFlake():
		return Problem{err.Error(), c.Hint, FlakeFault}
	case c.Kind == result.CauseInfra:
		return Problem{c.Title, c.Hint, MachineFault}
	case c.Kind == result.CauseInput:
		return Problem{c.Title + ": " + c.Message, c.Hint, MachineFault}
	}
	return Problem{err.Error(), c.Hint, MachineFault}
}

// FlakeCauses returns why a flake cannot be inspected: one cause, or one for each input that could
// not be fetched.
func FlakeCauses(err error) []*result.Cause {
	causes := []*result.Cause{Eval(err)}
	for _, other := range OtherInputs(err) {
		causes = append(causes, Eval(other))
	}
	return causes
}

// OtherInputs lists the errors of further inputs that could not be fetched.
func OtherInputs(err error) []*nixlog.EvalError {
	var e *nixlog.EvalError
	if !errors.As(err, &e) {
		return nil
	}
	return e.Others
}
