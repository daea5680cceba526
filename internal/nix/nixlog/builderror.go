package nixlog

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// buildError is an error message and the derivation that it is about, if any.
type buildError struct {
	text, drv string
	victim    bool // it failed only because a dependency did
	// relayed is set for a message that Nix passed on. A daemon's messages about all failed
	// derivations but the last arrive this way. So can anything that a builder writes in Nix's log
	// format.
	relayed bool
	hook    string // the last error of a build hook by then
}

// maxErrors limits how many messages are kept: a builder can make Nix relay messages without end.
const maxErrors = 1000

func (l *BuildLog) error(r record) {
	e := buildError{text: r.text(), relayed: r.RawMsg == ""}
	if e.relayed && l.answer(e.text) {
		return
	}
	e.hook = l.given.hook
	if drv, ok := victim(e.text); ok {
		e.drv, e.victim = drv, true
	} else if f := Classify(e.text); f.DrvPath != "" {
		e.drv = f.DrvPath
	} else if f.Kind == result.CauseTimeout {
		// Nix 2.34 does not name the derivation that ran out of time, but it has just stopped it.
		e.drv = l.stopped
	}
	e.drv = l.asked(e.drv)
	if e.drv == "" && outputRE.MatchString(e.text) {
		e.drv = l.madeOutput(e)
	}
	if e.drv == l.unexplained {
		l.unexplained = ""
	}
	if e.text != "" && (!e.relayed || len(l.errors) < maxErrors) && !slices.Contains(l.errors, e) {
		l.errors = append(l.errors, e)
		if e.drv == "" && !e.relayed && outputRE.MatchString(e.text) {
			l.unassigned = len(l.errors)
		}
	}
}

// Failures sorts the derivations that failed into leaves, whose own build failed, and
// victims, which lack a dependency. Relayed messages count only if Nix itself names no
// leaf, as under a daemon: a builder can forge failures only where Nix knows of none.
func (l *BuildLog) Failures() (leaves []BuildFailure, victims []string) {
	for _, relayed := range []bool{false, true} {
		for _, e := range l.errors {
			if e.relayed != relayed || e.drv == "" {
				continue
			}
			if e.victim {
				victims = append(victims, e.drv)
				continue
			}
			if resolvedRE.MatchString(e.text) && slices.ContainsFunc(leaves, func(f BuildFailure) bool { return f.DrvPath == e.drv }) {
				continue // Nix has said why
			}
			f := l.classify(e)
			if f.DrvPath != e.drv {
				f.DrvPath, f.Resolved = e.drv, f.DrvPath
			}
			f.addTail(l.tails[f.DrvPath])
			f.addSubstituter(l.errors)
			l.addBuilder(&f, e)
			f.addRemote(&l.remotes)
			leaves = append(leaves, f)
		}
		if len(leaves) > 0 {
			break
		}
	}
	return leaves, victims
}

// failureBehind returns the failure that caused an evaluation error, or nil. Evaluation
// builds the derivations that the flake imports from. The error may be about a dependent
// of the derivation that failed.
func (l *BuildLog) failureBehind(text string) *BuildFailure {
	for _, e := range l.errors {
		if e.text != text || e.drv == "" {
			continue
		}
		leaves, _ := l.Failures()
		for _, f := range leaves {
			if (e.victim || f.DrvPath == e.drv) && l.confirms(f, text) {
				return &f
			}
		}
	}
	return nil
}

// confirms reports whether the log shows a failure by more than the text of an evaluation error,
// which the flake itself may have written. A failure that the flake could also cause by importing
// from such a derivation needs no confirmation.
func (l *BuildLog) confirms(f BuildFailure, text string) bool {
	switch f.Kind {
	case result.CauseBuild, result.CauseHash, result.CauseFeature, result.CauseSystem:
		return true
	case result.CauseDisk, result.CauseTimeout, result.CauseMemory:
		return l.tails[f.DrvPath] != nil // its builder started, and did not succeed
	case result.CauseSubstituter:
		return slices.ContainsFunc(l.errors, func(e buildError) bool { return e.text != text && downloadRE.MatchString(e.text) })
	case result.CauseBuilder:
		return len(l.remotes.dead) > 0 || len(l.remotes.asked) > 0 || l.given.builder[f.DrvPath] != ""
	}
	return false
}

// Unnamed returns the failure of a Nix that named no failed derivation. It takes the last error
// that is not about a victim, if possible, and the given text if there is no error at all.
func (l *BuildLog) Unnamed(text string) BuildFailure {
	f := Classify(cmp.Or(l.lastError(), text))
	f.addRemote(&l.remotes)
	l.addStore(&f)
	l.addCopy(&f)
	l.addHook(&f)
	return f
}

func (l *BuildLog) lastError() string {
	last := l.plain
	for _, e := range l.errors {
		if !e.victim {
			last = e.text
		}
	}
	if last == "" && len(l.errors) > 0 {
		return l.errors[0].text
	}
	return last
}

// resolvedRE finds what newer versions repeat about a derivation that was built instead of
// another.
var resolvedRE = regexp.MustCompile(`^build of resolved derivation '`)

var downloadRE = regexp.MustCompile(`unable to download '([a-z0-9+.-]+://[^/']*)[^']*': ([^\n]*)`)
