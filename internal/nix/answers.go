package nix

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
)

// Answers returns the answers to all questions about the flake so far, for another machine.
func (t *Target) Answers() map[string]evalcache.Answer { return t.cache.Answers() }

// Use makes the flake answer questions with what another run got, instead of evaluating. The other
// run must be of the same flake: see [Flake.Content]. The derivations must be in the store.
func (t *Target) Use(answers map[string]evalcache.Answer) { t.cache.Use(answers) }

// UnansweredError says that the run whose answers are used did not evaluate something.
type UnansweredError struct{ Path []string }

// Error names the output.
func (e *UnansweredError) Error() string {
	return "the plan does not cover " + strings.Join(e.Path, ".")
}

// Cause returns the error as a cause, with a hint.
func (e *UnansweredError) Cause() *result.Cause {
	return &result.Cause{Kind: result.CauseInfra, Title: e.Error(), Hint: "make the plan with the same flags and the same version of flakeci"}
}

// failure is why a question has no answer. An error that is not about the flake may not occur
// again, so the question is asked again.
type failure struct {
	Error    *nixlog.EvalError `json:"error"`
	Warnings []result.Warning  `json:"warnings,omitempty"`
}

// fail notes that a question has no answer.
func (t *Target) fail(function string, warnings []result.Warning, err error) {
	var e *nixlog.EvalError
	if errors.As(err, &e) {
		t.cache.Fail(function, failure{e, warnings})
	}
}

// failure returns why a question has no answer, nil if it may have one.
func (t *Target) failure(function string) *failure {
	raw, failed := t.cache.Failure(function)
	if !failed {
		return nil
	}
	var f failure
	if err := json.Unmarshal(raw, &f); err != nil || f.Error == nil {
		f.Error = &nixlog.EvalError{Message: fmt.Sprintf("the plan does not say what is wrong: %v", err)}
	}
	return &f
}

// Fail notes that a question about a cell ended in an error, for [Target.Answers].
func (t *Target) Fail(q question.Question, in question.Instance, err error) {
	t.fail(question.Function(q.Expr()), in.Warnings, err)
}
