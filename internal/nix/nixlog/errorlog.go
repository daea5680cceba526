package nixlog

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
)

// ErrorLog keeps what explains why a Nix failed. The zero value is an empty log.
type ErrorLog struct {
	last *record // the last error record
	// plain is the last error in plain text, such as a stack overflow: the signal handler
	// that reports it does not write records.
	plain  string
	bare   bool      // plain is a record, but without the data of other errors
	warned string    // the last warning of the flake
	crash  string    // why Nix says that it crashed
	builds *BuildLog // of builds during the evaluation
	// fetches is what the flake fetches during the evaluation.
	fetches fetches
}

// Line reads one line.
func (l *ErrorLog) Line(line []byte) {
	r, ok := parseRecord(line)
	if ok {
		if l.builds == nil {
			l.builds = NewBuildLog(BuildWatcher{})
		}
		l.builds.record(r)
		l.fetches.record(r)
	}
	switch {
	case ok && r.isError() && r.RawMsg != "":
		l.last = &r
	case ok && r.isError() && r.text() != "":
		// Nix's last words, and exceptions of its libraries, look different from its other errors.
		l.plain, l.bare = r.text(), true
	case ok:
		if text, found := warning(line); found {
			l.warned = text
		}
	case !ok && len(line) >= MaxRecord && bytes.HasPrefix(line, recordPrefix):
		l.plain = fmt.Sprintf("nix printed more than %d MiB in one message, too much to read", MaxRecord>>20)
	case !ok:
		l.fetches.said.plain(line)
		if text, found := plainError(line); found {
			l.plain, l.bare = text, false
		}
		if m := crashRE.FindStringSubmatch(stripSGR(string(line))); m != nil {
			l.crash = m[1]
		}
	}
}

// Stuck reports whether Nix may never end: at the limit on open files, the child that is to become
// a builder fails, and Nix 2.34 waits for it forever. The child reports the limit in plain text.
func (l *ErrorLog) Stuck() bool { return FewFiles(l.plain) }

// NoLocalBuilds returns the failure of an evaluation that has to build something where nothing may
// be built, or nil. A flake can throw the same words, so the caller has to know that max-jobs is
// 0.
func (l *ErrorLog) NoLocalBuilds() *BuildFailure {
	if l.last == nil || !NoLocalBuilds(l.last.text()) {
		return nil
	}
	f := l.builds.Unnamed(l.last.text())
	return &f
}

// FirstLine returns the first line of the last error record, or "". The answer of a
// server, for example, may follow it.
func (l *ErrorLog) FirstLine() string {
	if l.last == nil {
		return ""
	}
	line, _, _ := strings.Cut(l.last.text(), "\n")
	return line
}

// EvalError returns the error that ended the evaluation of a flake, or nil if the log has none.
// Prefix is the flake's path among the inputs of what was evaluated: "target/" for the input
// target, or empty.
func (l *ErrorLog) EvalError(t flaketree.Tree, prefix string) *EvalError {
	if l.last == nil {
		if l.plain == "" {
			return nil
		}
		e := &EvalError{Message: t.Shorten(l.plain), outOfMemory: l.plain == outOfMemory, ofNix: l.bare, Sudden: overflowRE.MatchString(l.plain)}
		e.lockFault(t, prefix, l.plain)
		return e
	}
	e := &EvalError{Message: t.Shorten(l.last.text()), Frames: frames(t, l.last), locking: l.last.locking()}
	e.Input = e.inputFault(t, prefix)
	e.Message = t.Shorten(l.fetches.explained(l.last.text()))
	e.findSetting(t, l.last, l.warned)
	if e.lockFault(t, prefix, e.Message); e.Lock != nil && (e.Lock.Input == "" || e.Place.File != "") {
		return e
	}
	if e.locking {
		// Until the flake is resolved, its own copy in the store looks like an input's.
		e.nameInput(prefix)
		return e
	}
	e.Module = t.ModuleError(l.last.text())
	e.Assertions = assertions(t, l.last.text())
	if e.Argument, e.Place = argument(t, l.last); e.Argument != "" {
		e.Vague = false
	} else if e.Place, e.Vague = placeOf(t, l.last, e.Module); e.Vague || e.Module != nil && e.Module.Kind == modulesystem.Other {
		e.Mentions = t.Mentions(l.last.text())
		if len(e.Mentions) == 1 {
			e.Place, e.Vague = e.Mentions[0], false
		}
	}
	e.Excerpt = t.Excerpt(e.Place)
	if e.Input == nil {
		e.Fetch = l.fetches.failed(l.last.text())
	}
	e.Build = l.builds.failureBehind(l.last.text())
	e.lookInto(t, l.last.text())
	return e
}

// overflowRE finds the signal handler's message.
var overflowRE = regexp.MustCompile(`^stack overflow`)

// crashRE finds the line in which Nix says why it crashes, before it prints its stack.
var crashRE = regexp.MustCompile(`^(?:terminating due to unexpected unrecoverable internal error|  what\(\)): +(.+)`)

// Crash returns why Nix says that it crashed, or "".
func (l *ErrorLog) Crash() string { return l.crash }
