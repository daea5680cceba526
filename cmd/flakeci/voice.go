package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/event"
)

// say writes a message on stderr. Names in it may be anything, and no line of it
// may become a command to GitHub's runner.
func (a *App) say(format string, args ...any) {
	a.voice.Lock()
	defer a.voice.Unlock()
	text := "flakeci: " + clean.Text(a.secrets.Text(fmt.Sprintf(format, args...))) + "\n"
	for line := range strings.Lines(text) {
		a.voice.held = append(a.voice.held, clean.Line(line))
	}
	if !a.voice.hold {
		a.speak()
	}
}

// voice is what was said and not written yet.
type voice struct {
	sync.Mutex
	hold bool
	held []string
}

// hold keeps what is said to itself for as long as it is not let go: a live view
// has the terminal.
func (a *App) hold(on bool) {
	a.voice.Lock()
	defer a.voice.Unlock()
	if a.voice.hold = on; !on {
		a.speak()
	}
}

// speak writes what was said. The voice is locked.
func (a *App) speak() {
	for _, line := range a.voice.held {
		fmt.Fprint(a.Stderr, line)
	}
	a.voice.held = nil
}

// write writes to stderr what nothing may come between.
func (a *App) write(text string) {
	a.voice.Lock()
	defer a.voice.Unlock()
	fmt.Fprint(a.Stderr, a.secrets.Text(text))
}

// complain says what is wrong and, where there is one, what to do about it,
// and chooses the exit code.
func (a *App) complain(err error) int {
	c := explain(err)
	a.say("error: %s", c.msg)
	if c.hint != "" {
		a.say("hint: %s", c.hint)
	}
	return c.code
}

// warnOverrides tells of overrides that override nothing, which Nix allows: one
// list of them may serve many flakes.
func (a *App) warnOverrides(f nix.Flake) {
	for _, u := range f.Unknown {
		there := "it has none there"
		if len(u.Known) > 0 {
			there = "there is " + strings.Join(u.Known, ", ")
		}
		a.say("warning: the flake has no input %s to override; %s", u.Name, there)
	}
}

// sayWarning says what an event warns of.
func (a *App) sayWarning(e event.Event) {
	switch e := e.(type) {
	case event.CacheDropped:
		a.say("warning: binary cache %s is out of reach, what it has is built: %s", e.Cache, e.Reason)
	case event.Warned:
		a.say("warning: %s: %s", e.Cell.ID, e.Text)
	}
}

// complaint is an error in the words of the program.
type complaint struct {
	msg, hint string
	code      int
}

// explain finds words, hint and exit code for an error. Libraries give typed
// errors; only here are they turned into advice.
func explain(err error) complaint {
	var usage *usageError
	if errors.As(err, &usage) {
		return complaint{usage.msg, usage.hint, exitUsage}
	}
	var mistake *config.Error
	if errors.As(err, &mistake) {
		return complaint{err.Error(), mistake.Hint, exitUsage}
	}
	for _, f := range []func(error) (complaint, bool){explainSelection, explainNix, explainReport} {
		if c, ok := f(err); ok {
			return c
		}
	}
	return complaint{msg: err.Error(), code: exitError}
}

func explainSelection(err error) (complaint, bool) {
	var unknown *matrix.UnknownError
	var nothing *matrix.NothingError
	var glob *matrix.GlobError
	switch {
	case errors.As(err, &unknown):
		return complaint{err.Error(), knownHint(unknown), exitUsage}, true
	case errors.As(err, &nothing):
		return complaint{err.Error(), "", exitUsage}, true
	case errors.As(err, &glob):
		return complaint{err.Error(), "", exitUsage}, true
	}
	return complaint{}, false
}

// How many names to list before it is too much for a line.
const mostKnown = 12

func knownHint(e *matrix.UnknownError) string {
	known := e.Known
	more := ""
	if len(known) > mostKnown {
		more = fmt.Sprintf(" and %d more", len(known)-mostKnown)
		known = known[:mostKnown]
	}
	list := "there is " + strings.Join(known, ", ") + more
	if len(e.Known) == 0 {
		list = fmt.Sprintf("the flake has no %s at all", e.What)
	}
	if e.Suggestion != "" {
		return fmt.Sprintf("did you mean %s? %s", e.Suggestion, list)
	}
	return list
}

func explainNix(err error) (complaint, bool) {
	var noFlake *nix.NoFlakeError
	var notFound *nix.NotFoundError
	var tooOld *nix.TooOldError
	var evalErr *nixlog.EvalError
	var late *nix.TimeoutError
	var slow *cause.SlowError
	switch {
	case errors.As(err, &late), errors.As(err, &slow): // nothing says that it is the flake that is slow
		return complaint{err.Error(), diagnose.Eval(err).Hint, exitError}, true
	case errors.As(err, &noFlake):
		hint := "name a folder with a flake.nix, or what Nix takes as a flake reference"
		switch {
		case noFlake.Input != "":
			hint = "--override-input takes a path that is there, or what else Nix takes as a flake reference"
		case noFlake.Untracked != "":
			hint = fmt.Sprintf("git does not track %s, so Nix does not see it: git add %s", noFlake.Untracked, noFlake.Untracked)
		}
		return complaint{err.Error(), hint, exitUsage}, true
	case errors.As(err, &notFound):
		return complaint{err.Error(), "install Nix, or say where it is with --nix PATH or FLAKECI_NIX", exitError}, true
	case errors.As(err, &evalErr):
		return explainEval(err), true
	case errors.As(err, &tooOld):
		return complaint{err.Error(), "install a newer Nix, or name one with --nix PATH or FLAKECI_NIX", exitError}, true
	}
	return complaint{}, false
}

// explainEval says of a flake that could not be looked into what a run's report
// says of it.
func explainEval(err error) complaint {
	c := diagnose.Eval(err)
	code := exitError
	if c.Kind.Status().BlamesFlake() {
		code = exitFailed
	}
	return complaint{err.Error(), c.Hint, code}
}

func explainReport(err error) (complaint, bool) {
	var schema *result.SchemaError
	var format *result.FormatError
	if errors.As(err, &schema) || errors.As(err, &format) {
		return complaint{err.Error(), "give a file that flakeci run --json wrote", exitUsage}, true
	}
	return complaint{}, false
}
