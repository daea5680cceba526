package nix

import (
	"context"
	"errors"
	"fmt"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// Batch is a list of questions that one process answers, one after the other. It evaluates
// what they share once.
type Batch struct {
	Questions []question.Question
	// KeepGarbage switches the evaluator's garbage collector off. That makes it a third faster,
	// but each question takes more memory.
	KeepGarbage bool
	// Started gets the id of the process.
	Started func(pid int)
	// Warned gets the warnings for the current question so far, from builtins.warn or from
	// nixpkgs' lib.warn. The answer has them too.
	Warned func([]result.Warning)
	// Answered gets each answer in order, as soon as it is there. The error is a
	// [*nixlog.EvalError] for something that is not a derivation. Returning false ends
	// the process; the remaining questions stay unanswered.
	Answered func(i int, in question.Instance, err error) (more bool)
}

// Instantiate evaluates cells to their derivations and writes the .drv files into the store. An
// error is about the first question without an answer, because it ends the evaluator.
func (t *Target) Instantiate(ctx context.Context, b Batch) (proc.Usage, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kill := make(chan struct{})
	answered, enough, lost := 0, false, false
	q := t.apply(b.function(t.client.answerPrefix))
	q.started, q.answer = b.Started, []byte("trace: "+t.client.answerPrefix)
	if b.KeepGarbage {
		q.env = []string{"GC_DONT_GC=1"}
	}
	var warnings nixlog.Warnings
	tree := t.Flake.tree()
	q.line = func(line []byte) {
		if warnings.Add(line, tree) && b.Warned != nil {
			b.Warned(warnings)
		}
		i, text, ok := nixlog.Answer(line, t.client.answerPrefix)
		if !ok || enough || lost || answered >= len(b.Questions) {
			return
		}
		var in question.Instance
		if i >= 0 && unmarshalNoNull([]byte(text), &in) != nil {
			return
		}
		if lost = i != answered; lost {
			close(kill)
			stop()
			return
		}
		asked := b.Questions[answered]
		in.Warnings, warnings = warnings, nil
		raw := in
		err := t.finish(asked, &in)
		if err == nil {
			t.cache.Add(question.Function(asked.Expr()), raw)
		}
		if enough = !b.Answered(answered, in, err); enough {
			close(kill) // a long builtin ignores an interruption
			stop()
		}
		answered++
	}
	var count int
	usage, err := t.client.evaluate(proc.WithKill(ctx, kill), q, &count)
	if enough || answered == len(b.Questions) {
		return usage, nil
	}
	err = b.Questions[answered].Blame(err)
	if err == nil || lost {
		err = fmt.Errorf("nix eval: %d answers to %d questions", answered, len(b.Questions))
	}
	return usage, err
}

// finish prepares an answer for use and checks it.
func (t *Target) finish(q question.Question, in *question.Instance) error {
	err := q.Finish(in, t.client.store)
	var silent *question.SilentError
	if errors.As(err, &silent) {
		return badAnswer("eval", "%v", silent)
	}
	return err
}

// function reports each answer by a trace as soon as it is there: `nix eval` itself prints its
// result only at the end. Answers are numbered, because another program may write into an answer's
// line and spoil it.
func (b Batch) function(prefix string) string {
	var list []string
	for _, q := range b.Questions {
		list = append(list, q.Expr())
	}
	return question.Function(fmt.Sprintf("builtins.foldl' (n: answer: builtins.trace \"%s${toString n} ${builtins.toJSON answer}\" (n + 1)) 0 %s", prefix, expr.List(list)))
}

// maxQuestions limits the questions of a batch, in bytes. On Linux an argument of a
// program has less than 128 KiB.
const maxQuestions = 96 << 10

// Fitting returns how many questions, from the first on, fit into one batch.
func Fitting(questions []question.Question) int {
	size := 0
	for i, q := range questions {
		if size += len(q.Expr()) + len("\n()"); size > maxQuestions && i > 0 {
			return i
		}
	}
	return len(questions)
}
