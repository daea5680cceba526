package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// StatusOf is the status of a phase that ended for these causes: failed if the
// flake is at fault for one of them.
func StatusOf(causes []*result.Cause) result.Status {
	worst := result.Error
	for _, c := range causes {
		switch s := c.Kind.Status(); {
		case s == result.Failed:
			return result.Failed
		case s == result.TimedOut:
			worst = s
		}
	}
	return worst
}

// causes makes sure that what is the same root is one Cause.
type causes struct {
	mu    sync.Mutex
	byKey map[string]func() *result.Cause
}

// once gives the cause that is known under the key, or makes it. Making may
// take its time: others who want the same wait for it.
func (cs *causes) once(key string, build func() *result.Cause) *result.Cause {
	cs.mu.Lock()
	made, ok := cs.byKey[key]
	if !ok {
		if cs.byKey == nil {
			cs.byKey = map[string]func() *result.Cause{}
		}
		made = sync.OnceValue(build)
		cs.byKey[key] = made
	}
	cs.mu.Unlock()
	return made()
}

// ofEval makes the cause of a cell, or of a whole flake, that did not evaluate.
func (cs *causes) ofEval(err error) *result.Cause {
	c := evalCause(err)
	key := string(c.Kind) + "\x00" + c.Message + "\x00"
	if c.Location != nil {
		key += c.Location.String()
	}
	var memory *memoryError
	switch {
	case errors.As(err, &memory):
		// However much each had when there was no more, it takes one thing to mend it.
		key = string(c.Kind) + "\x00" + c.Hint
	case forAll(c.Kind):
		key = string(c.Kind)
	}
	return cs.once(key, func() *result.Cause { return c })
}

// forAll says whether what is at fault is there but once for all that it stops, whatever
// that came to when it failed.
func forAll(kind result.CauseKind) bool {
	return kind == result.CauseDisk || kind == result.CauseDaemon
}

// FlakeCause is the cause of a flake that could not be looked into at all.
func FlakeCause(err error) *result.Cause { return evalCause(err) }

func evalCause(err error) *result.Cause {
	var e *nixlog.EvalError
	if errors.As(err, &e) {
		return evalErrorCause(e)
	}
	var slow *SlowError
	if errors.As(err, &slow) {
		return slow.cause()
	}
	var memory *memoryError
	if errors.As(err, &memory) {
		return memory.cause()
	}
	var late *nix.TimeoutError
	if errors.As(err, &late) {
		return &result.Cause{Kind: result.CauseInfra, Title: late.Error(), Message: err.Error(), Hint: lateHint}
	}
	c := &result.Cause{Kind: result.CauseInfra, Title: "nix could not evaluate: " + firstLine(err.Error()), Message: err.Error()}
	var died *proc.Error
	if errors.As(err, &died) && died.Signal != 0 && !errors.Is(err, proc.ErrSupervisorKilled) {
		c.Title = fmt.Sprintf("the evaluator was killed by signal %d (%s)", int(died.Signal), died.Signal)
		why := map[result.CauseKind]string{result.CauseDisk: ", as where the disk is full", result.CauseMemory: " for want of memory"}
		if kind := nix.MachineFault(err); kind != "" {
			c.Kind, c.Title, c.Hint = kind, c.Title+why[kind], buildHint(nixlog.BuildFailure{Kind: kind})
			return c
		}
		switch died.Signal {
		case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT:
			c.Kind, c.Hint = result.CauseEval, "Nix crashes so on recursion without end; look for a value that needs itself"
		case syscall.SIGKILL:
			c.Hint = "the kernel kills so when memory runs out; fewer --eval-jobs need less of it"
		}
	}
	return c
}

func evalErrorCause(e *nixlog.EvalError) *result.Cause {
	if e.Build != nil { // where there is no run yet that could keep its log
		c := buildCause(*e.Build, func() string { return "" })
		c.Location = LocationOf(e.Place)
		return c
	}
	c := &result.Cause{
		Kind: result.CauseEval, Title: "does not evaluate: " + gist(e.Message),
		Message: e.Message, Location: LocationOf(e.Place), LogTail: strings.Join(traceLines(e), "\n"),
	}
	switch {
	case nix.MachineFault(e) != "":
		kind := nix.MachineFault(e)
		c.Kind, c.Title, c.Hint = kind, firstLine(e.Message), buildHint(nixlog.BuildFailure{Kind: kind})
	case e.Input != nil:
		inputCause(c, e.Input)
	case e.Untracked != "":
		// Newer versions say how themselves, with the checkout's whole path.
		c.Message, _, _ = strings.Cut(c.Message, "\n\nTo make it visible to Nix, run:")
		c.Hint = fmt.Sprintf("git does not track %s, so Nix does not see it: git add %s", e.Untracked, e.Untracked)
	case strings.Contains(e.Message, "infinite recursion") || strings.Contains(e.Message, "stack overflow"):
		c.Hint = "a value needs itself; in modules mostly an imports or mkIf that depends on config"
	}
	return c
}

// inputCause names an input that could not be fetched, and who asks for it.
func inputCause(c *result.Cause, in *nixlog.InputFault) {
	name := cmp.Or(in.Name, in.URL)
	c.Kind = result.CauseInput
	c.Title = fmt.Sprintf("input %s could not be fetched", name)
	asker := "the flake itself"
	if i := strings.LastIndexByte(in.Name, '/'); i >= 0 {
		asker = "input " + in.Name[:i]
	}
	if in.URL != "" {
		c.Message = in.URL + ": " + c.Message
	}
	c.Hint = fmt.Sprintf("%s is asked for by %s; see that this machine may fetch it, or give another with --override-input %s REF", name, asker, cmp.Or(in.Name, "NAME"))
}

// Enough of a trace to see the way into the flake's own files.
const maxFrames = 12

// traceLines shows what is of use to the flake's owner: frames in the flake's
// own files, and what modules said they were at. Where there is neither, the
// innermost few of a library are better than nothing.
func traceLines(e *nixlog.EvalError) []string {
	lines := selectFrames(e.Frames, maxFrames, nixlog.Frame.Useful)
	if len(lines) == 0 && e.Place.File == "" {
		lines = selectFrames(e.Frames, 3, func(f nixlog.Frame) bool { return f.Where != "" })
	}
	return lines
}

func selectFrames(frames []nixlog.Frame, most int, keep func(nixlog.Frame) bool) []string {
	var lines []string
	for _, f := range frames {
		if !keep(f) || len(lines) == most {
			continue
		}
		line := strings.TrimPrefix(f.Where+": "+firstLine(f.Text), ": ")
		// A recursion says the same again and again.
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// ofBuild makes the cause of a failed build.
func (cs *causes) ofBuild(f nixlog.BuildFailure, keepLog func() string) *result.Cause {
	return cs.once(buildKey(f), func() *result.Cause { return buildCause(f, keepLog) })
}

// ofLost makes the cause of a build of which Nix could not say what it takes.
func (cs *causes) ofLost(err error) *result.Cause {
	var slow *SlowError
	if errors.As(err, &slow) {
		return cs.once(slow.Error(), slow.cause)
	}
	return cs.ofBuild(nixlog.BuildFailure{Kind: result.CauseInfra, Message: err.Error()}, nil)
}

// buildKey tells the root of a failed build from others.
func buildKey(f nixlog.BuildFailure) string {
	switch {
	case forAll(f.Kind) && len(f.Tail) == 0: // a builder may mean a disk of its own
		return string(f.Kind)
	case f.Server != "":
		return string(f.Kind) + "\x00" + f.Server + "\x00" + f.Reason // whatever was wanted from there
	case f.DrvPath == "":
		return string(f.Kind) + "\x00" + f.Message
	}
	return f.DrvPath
}

func buildCause(f nixlog.BuildFailure, keepLog func() string) *result.Cause {
	c := &result.Cause{
		Kind: f.Kind, Title: buildTitle(f), Message: f.Message, Hint: buildHint(f),
		DrvPath: f.DrvPath, ExitCode: f.ExitCode, LogTail: strings.Join(f.Tail, "\n"),
	}
	if f.Server != "" {
		c.DrvPath = ""
	}
	// A line that is too long for a message of Nix is in no tail.
	if f.DrvPath != "" && (len(f.Tail) > 0 || f.Kind == result.CauseBuild) {
		c.Log = keepLog()
	}
	return c
}

// evalCause makes the cause of a cell that did not evaluate. What the flake
// imports from a derivation is built meanwhile; a builder that failed then is
// the same cause as in any other build, with the place that imports it.
func (r *run) evalCause(ctx context.Context, err error) *result.Cause {
	var e *nixlog.EvalError
	if !errors.As(err, &e) || e.Build == nil {
		return r.causes.ofEval(err)
	}
	f := *e.Build
	return r.causes.once(buildKey(f), func() *result.Cause {
		c := buildCause(f, func() string { return r.keepLog(ctx, f) })
		c.Location = LocationOf(e.Place)
		return c
	})
}

func buildTitle(f nixlog.BuildFailure) string {
	if f.Server != "" {
		what := "binary cache"
		if f.Kind == result.CauseBuilder {
			what = "remote builder"
		}
		return firstLine(fmt.Sprintf("%s %s: %s", what, f.Server, f.Reason))
	}
	if f.DrvPath == "" {
		return strings.TrimSuffix(firstLine(f.Message), ":")
	}
	name := nix.DrvName(f.DrvPath)
	switch {
	case f.Kind == result.CauseHash:
		return name + ": the hash is not the one that was given"
	case f.Kind == result.CauseDisk:
		return name + " failed to build: the disk is full"
	case f.Kind == result.CauseMemory:
		return name + " failed to build: memory ran out"
	case f.Kind == result.CauseFeature:
		return fmt.Sprintf("%s needs %s, which this machine lacks", name, cmp.Or(strings.Join(f.Missing, " and "), "a system feature"))
	case f.Kind == result.CauseSystem:
		return fmt.Sprintf("%s is for %s, which this machine cannot build for", name, cmp.Or(f.System, "a system"))
	case f.Kind == result.CauseSubstituter:
		return name + " could not be had from any binary cache"
	case f.Kind == result.CauseTimeout:
		return name + " took too long to build"
	case f.ExitCode != 0:
		return fmt.Sprintf("%s failed to build (exit %d)", name, f.ExitCode)
	case f.Signal != 0:
		return fmt.Sprintf("%s failed to build (signal %d)", name, f.Signal)
	case strings.Contains(f.Message, "failed to produce output"):
		return name + " failed to build: it made no output"
	case strings.Contains(f.Message, "is not allowed to refer"):
		return name + " failed to build: it refers to what it may not"
	}
	return name + " failed to build"
}

func buildHint(f nixlog.BuildFailure) string {
	switch f.Kind {
	case result.CauseHash:
		return "if the new content is the right one, put the hash after got: into the flake"
	case result.CauseDisk:
		return "free some disk (nix-collect-garbage), or move the store or the build folder to a larger one"
	case result.CauseMemory:
		if f.DrvPath == "" {
			return "nix was given no more memory; it takes a machine with more, or a higher limit (ulimit -v)"
		}
		return "the kernel killed its builder, or what that started, for want of memory; fewer --jobs at once need less, or it takes a machine with more, or swap"
	case result.CauseTimeout:
		return "its time is set by the options timeout and max-silent-time of Nix; give it more (--option timeout SECONDS), or see what it waits for"
	case result.CauseBuilder:
		return "see that the builder can be reached and builds what is asked, or do without it: --builders ''"
	case result.CauseFeature:
		switch {
		case slices.Contains(f.Missing, "kvm"):
			return "kvm is had where /dev/kvm is there and system-features in nix.conf does not leave it out: switch virtualisation on, take a runner that offers it, or name a builder that has it (--builders)"
		case slices.Contains(f.Missing, "big-parallel"):
			return "big-parallel marks what wants many cores; add it to system-features in nix.conf if it may be built here all the same, or name a builder that has it (--builders)"
		}
		return "add the feature to system-features in nix.conf where it is there, or name a builder that has it"
	case result.CauseSystem:
		return "name a builder for that system (--builders), or emulate it (extra-platforms with binfmt)"
	case result.CauseDaemon:
		return "see that nix-daemon runs and its disk is not full"
	case result.CauseSubstituter:
		return "the cache is in trouble or out of reach: see nix store ping --store URL, or do without it: --option substituters 'OTHER URLS'"
	}
	if f.Killed() {
		return "its builder, or what that started, was killed, as happens where memory runs out; fewer --jobs at once need less of it"
	}
	return ""
}

// SlowError says that something took longer than it may.
type SlowError struct {
	What  string
	Limit time.Duration
}

func (e *SlowError) Error() string { return fmt.Sprintf("%s took longer than %s", e.What, e.Limit) }

func (e *SlowError) cause() *result.Cause {
	return &result.Cause{Kind: result.CauseTimeout, Title: e.Error(), Hint: "give it more with --timeout"}
}

const lateHint = "see by hand what it waits for, such as a server that does not answer or a lock on the store; --timeout sets another limit for looking into the flake"

// timeoutCause is one cell's own: another may be slow for another reason.
func timeoutCause(cell string, phase result.PhaseKind, limit time.Duration) *result.Cause {
	return (&SlowError{What: string(phase) + " of " + cell, Limit: limit}).cause()
}

// gist is the first line of an error, and of failed assertions the first of them too.
func gist(message string) string {
	const head = "Failed assertions:"
	if failed, ok := strings.CutPrefix(strings.TrimSpace(message), head+"\n"); ok {
		return firstLine(head + " " + strings.TrimPrefix(firstLine(failed), "- "))
	}
	return firstLine(message)
}

// firstLine is the first line that says something, shortened to fit a row.
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

// LocationOf returns where a place is, nil if it is unknown.
func LocationOf(p result.Location) *result.Location {
	if p.File == "" {
		return nil
	}
	return &result.Location{File: p.File, Line: p.Line, Column: p.Column}
}
