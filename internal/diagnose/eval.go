// Package diagnose turns the errors of Nix into causes with hints.
package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

const timeoutHint = "check what it is waiting for, such as a server that does not answer or a lock on the store; --timeout changes the limit for inspecting the flake"

// EvalCauses returns the causes of an evaluation that failed, of a cell or of the whole flake:
// [Eval]'s, or one for each failed assertion, so that one which all hosts fail is one cause,
// whatever other assertions each of them fails.
func EvalCauses(err error) []*result.Cause {
	c := Eval(err)
	var e *nixlog.EvalError
	if !errors.As(err, &e) || c.Kind != result.CauseEval || len(e.Assertions) == 0 {
		return []*result.Cause{c}
	}
	var causes []*result.Cause
	for _, a := range e.Assertions {
		own := *c
		own.Title, own.Message = notEvaluated+oneAssertion+firstLine(a.Text), a.Text
		own.Key = result.NewCauseKey(own.Kind, oneAssertion, a.Text)
		// The trace leads to where the host asks for its assertions, and says nothing about one.
		own.Location, own.Excerpt, own.LogTail = a.Place.OrNil(), a.Excerpt, ""
		if a.Module != nil && a.Module.Title() != "" {
			adviseModule(&own, a.Module)
		}
		causes = append(causes, &own)
	}
	return causes
}

// Eval returns the cause of an evaluation that failed, of a cell or of the whole flake. An error
// with a method Cause() *[result.Cause] provides its own cause.
func Eval(err error) *result.Cause {
	var e *nixlog.EvalError
	var known interface{ Cause() *result.Cause }
	var late *nix.TimeoutError
	var died *proc.Error
	switch {
	case errors.As(err, &e):
		return evalError(e)
	case errors.As(err, &known):
		return known.Cause()
	case errors.As(err, &late):
		return &result.Cause{Kind: result.CauseInfra, Title: late.Error(), Message: err.Error(), Hint: timeoutHint}
	case errors.As(err, &died) && died.Signal != 0 && !errors.Is(err, proc.ErrSupervisorKilled):
		return killed(err, died.Signal)
	}
	c := &result.Cause{Kind: result.CauseInfra, Title: "nix could not evaluate: " + firstLine(err.Error()), Message: err.Error()}
	addMachine(c)
	return c
}

// EvalKey returns a key that the causes of failed evaluations share if their root is the
// same.
func EvalKey(c *result.Cause) string {
	if machineWide(c.Kind) {
		return string(c.Kind)
	}
	key := string(c.Kind) + "\x00" + c.Message + "\x00"
	if c.Location != nil {
		key += c.Location.String()
	}
	return key
}

// Crashed reports whether the evaluator ended without saying where in the flake it was.
func Crashed(err error) bool {
	var e *nixlog.EvalError
	if errors.As(err, &e) {
		return e.Sudden
	}
	var died *proc.Error
	return errors.As(err, &died) && died.Signal != 0
}

// machineWide reports whether a fault of this kind is the same for everything that fails
// because of it, whatever each message says.
func machineWide(kind result.CauseKind) bool {
	return kind == result.CauseDisk || kind == result.CauseDaemon
}

// killed returns the cause of an evaluator that a signal ended.
func killed(err error, signal syscall.Signal) *result.Cause {
	c := &result.Cause{
		Kind: result.CauseInfra, Message: err.Error(),
		Title: fmt.Sprintf("the evaluator was killed by signal %d (%s)", int(signal), signal),
	}
	why := map[result.CauseKind]string{result.CauseDisk: ", as happens when the disk is full", result.CauseMemory: " because memory ran out"}
	if kind := nix.MachineFault(err); kind != "" {
		c.Kind, c.Title, c.Hint = kind, c.Title+why[kind], hint(nixlog.BuildFailure{Kind: kind})
		return c
	}
	if signal == syscall.SIGABRT && strings.Contains(c.Message, "Assertion '") {
		c.Kind, c.Hint = result.CauseEval, "a bug in Nix: it did not expect what the flake or flake.lock says there; another version of Nix may say what is wrong"
		return c
	}
	switch signal {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT:
		c.Kind, c.Hint = result.CauseEval, "Nix crashes like this on infinite recursion; look for a value that depends on itself"
	case syscall.SIGKILL:
		c.Hint = "the kernel does this when memory runs out; try a lower --eval-jobs"
	}
	return c
}

func evalError(e *nixlog.EvalError) *result.Cause {
	if e.Build != nil {
		c := Build(*e.Build)
		c.Location, c.Excerpt = e.Place.OrNil(), e.Excerpt
		return c
	}
	c := &result.Cause{
		Kind: result.CauseEval, Title: notEvaluated + summary(e),
		Message: e.Message, Location: e.Place.OrNil(), Excerpt: e.Excerpt, LogTail: strings.Join(trace(e), "\n"),
	}
	if kind := nix.MachineFault(e); kind != "" {
		c.Kind, c.Title, c.Hint = kind, firstLine(e.Message), hint(nixlog.BuildFailure{Kind: kind})
		addMachine(c)
		if strings.HasPrefix(e.Message, "[json.exception.") {
			c.Title = "nix could not read a document: " + c.Title
			c.Hint = "it may be the flake.lock of an input, the flake registry, or a server's answer"
		}
		return c
	}
	advise(c, e)
	return c
}

// adviseInput names the input that could not be fetched, with the flake that asks for it.
func adviseInput(c *result.Cause, e *nixlog.EvalError, _ []string) {
	in := e.Input
	name := cmp.Or(in.Name, in.URL)
	c.Kind, c.Key = result.CauseInput, result.NewCauseKey(result.CauseInput, name) // Nix says how many milliseconds it tried
	c.Title = fmt.Sprintf("input %s could not be fetched", name)
	asker := "the flake itself"
	if i := strings.LastIndexByte(in.Name, '/'); i >= 0 {
		asker = "input " + in.Name[:i]
	}
	if in.URL != "" {
		c.Message = in.URL + ": " + c.Message
	}
	usual := fmt.Sprintf("make sure that this machine may fetch it, or replace it with --override-input %s REF", cmp.Or(in.Name, "NAME"))
	c.Hint = fmt.Sprintf("%s requires %s; %s", asker, name, cmp.Or(fetchHint(c.Message), usual))
}

// The beginnings of titles.
const (
	notEvaluated = "does not evaluate: "
	oneAssertion = "failed assertion: "
)

// summary returns the first line of an error, or its first failed assertion.
func summary(e *nixlog.EvalError) string {
	if len(e.Assertions) > 0 {
		return oneAssertion + firstLine(e.Assertions[0].Text)
	}
	return listRE.ReplaceAllString(firstLine(e.Message), "")
}

// listRE finds the words that announce a list on further lines.
var listRE = regexp.MustCompile(`[.:]? *Definition(?:s| values):$`)

// firstLine returns the first line that is not blank, shortened to fit a row.
func firstLine(s string) string {
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if r := []rune(line); len(r) > 160 {
			return string(r[:159]) + "…"
		}
		return line
	}
	return s
}
