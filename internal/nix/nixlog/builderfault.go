package nixlog

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// BuilderFault says what is wrong with a remote builder. It is empty if Nix's words do not tell.
type BuilderFault string

// What can be wrong with a remote builder.
const (
	BuilderUnreachable BuilderFault = "cannot be reached"
	BuilderRefuses     BuilderFault = "refuses the login" // no key that it accepts
	BuilderUnverified  BuilderFault = "has an unknown host key"
	BuilderFull        BuilderFault = "has no disk space left"
	BuilderLost        BuilderFault = "was lost during a build"
	BuilderWithoutNix  BuilderFault = "has no Nix"
	BuilderDistrusts   BuilderFault = "does not trust its user" // unsigned paths need trust
)

// builderFaults are tried in order: a connection also ends after every other fault.
var builderFaults = []struct {
	fault BuilderFault
	re    *regexp.Regexp
}{
	{BuilderRefuses, regexp.MustCompile(`Permission denied \(|Too many authentication failures`)},
	{BuilderUnverified, regexp.MustCompile(`(?i)host key verification failed`)},
	{BuilderFull, regexp.MustCompile(`(?i)no space left on device|database or disk is full|lack of free disk space|disk quota exceeded`)},
	{BuilderDistrusts, regexp.MustCompile(`lacks a (?:valid )?signature|you are not privileged to build`)},
	{BuilderWithoutNix, regexp.MustCompile(noNixPattern)},
	{BuilderUnreachable, regexp.MustCompile(`(?i)could not resolve|connect to host|connection refused|timed out|no route to host|network is unreachable|kex_exchange_identification|failed to start SSH connection`)},
	{BuilderLost, regexp.MustCompile(`(?i)unexpected end-of-file|daemon disconnected|broken pipe|closed by remote host|connection (?:reset|closed|to \S+ closed)|not responding|client_loop`)},
}

// noNixPattern finds what sh, bash, zsh and fish say.
const noNixPattern = `\bnix(?:-store|-daemon)?: (?:command )?not found|(?i:command not found|unknown command): '?nix`

// faultOf reads what went wrong with a builder.
func faultOf(text string) BuilderFault {
	for _, f := range builderFaults {
		if f.re.MatchString(text) {
			return f.fault
		}
	}
	return ""
}

// transient reports whether the fault may be gone the next time.
func (f BuilderFault) transient() bool { return f == BuilderUnreachable || f == BuilderLost }

// remoteBuilds follows the builds that Nix gives to remote builders. What became of one is in a
// message of Nix's build hook. About the derivation Nix says only that its builder failed with exit
// code 1, which is the hook's.
type remoteBuilds struct {
	builder map[string]string // the builder that was last given a derivation
	// answers are what builders said about derivations that they failed to build.
	answers map[string]string
	// hook is the last error of a hook that is not about a derivation: the hook ends with it.
	hook string
	// last is the builder that was last given anything, uncopied why its output could not be copied
	// here.
	last, uncopied string
	// inner are the builder's own activities, which ssh-ng:// passes on, and what they build.
	inner map[uint64]string
}

func newRemoteBuilds() remoteBuilds {
	return remoteBuilds{builder: map[string]string{}, answers: map[string]string{}, inner: map[uint64]string{}}
}

var answerRE = regexp.MustCompile(`(?s)^build of '` + drvPattern + `' on '[^']*' failed: (.*)`)

// answer reads an error that Nix passed on, and reports whether it is an answer about a
// derivation. It may come from a builder that writes Nix's log format: it counts only for what a
// remote builder was given, and failed to build.
func (l *BuildLog) answer(text string) bool {
	if m := answerRE.FindStringSubmatch(text); m != nil {
		if drv := l.asked(m[1]); l.given.builder[drv] != "" {
			l.given.answers[drv] = m[2]
			return true
		}
	}
	l.given.hook = text
	return false
}

// copyFailed notes why an output could not be copied from a builder.
func (b *remoteBuilds) copyFailed(text string) {
	if m := copyRE.FindStringSubmatch(text); m != nil {
		b.uncopied = m[1]
	}
}

var copyRE = regexp.MustCompile(`^could not copy \S+: (.*)`)

// withoutOutputs is all that Nix 2.34 says in the end about outputs that could not be copied from a
// builder.
const withoutOutputs = "some outputs are unexpectedly invalid"

// addCopy blames the builder whose outputs could not be copied here.
func (l *BuildLog) addCopy(f *BuildFailure) {
	if f.Message == withoutOutputs && l.given.last != "" && l.given.uncopied != "" {
		f.blame(l.given.last, "its output could not be copied here: "+strings.TrimPrefix(l.given.uncopied, "error: "))
	}
}

// classify reads an error about a derivation, which a remote builder may have been given.
func (l *BuildLog) classify(e buildError) BuildFailure {
	answer, answered := l.given.answers[e.drv]
	if !answered {
		return Classify(e.text)
	}
	f := Classify(answer)
	f.DrvPath = e.drv // only some answers repeat it
	return f
}

// addBuilder blames the remote builder that was given the derivation, if it is to blame.
func (l *BuildLog) addBuilder(f *BuildFailure, e buildError) {
	builder := l.given.builder[e.drv]
	if builder == "" {
		return
	}
	if answer, answered := l.given.answers[e.drv]; answered {
		switch f.Kind {
		case result.CauseInfra, result.CauseDaemon, result.CauseDisk, result.CauseSubstituter:
			f.blame(builder, innermost(answer))
		case result.CauseBuild:
			if faultOf(answer) == BuilderFull { // Nix looked how much space was left
				f.blame(builder, innermost(answer))
			}
		}
		if f.Kind == result.CauseBuilder && slices.ContainsFunc(f.Tail, noSpaceRE.MatchString) {
			f.Fault = BuilderFull
		}
		return
	}
	if f.ExitCode != hookFailed {
		return
	}
	// With ssh://, the builder's own last words are in the log.
	reason := cmp.Or(innermost(e.hook), "nix says no more")
	if fault := faultOf(reason); fault == "" || fault == BuilderLost {
		for _, line := range slices.Backward(f.Tail) {
			if words, found := strings.CutPrefix(stripSGR(line), "error: "); found {
				reason = words
				break
			}
		}
	}
	f.Message = strings.TrimSuffix(f.Message+"\n"+e.hook, "\n")
	f.blame(builder, reason)
}

// hookFailed is the exit code of a build hook that failed itself.
const hookFailed = 1

// blame makes a remote builder the cause of the failure.
func (f *BuildFailure) blame(builder, reason string) {
	f.Kind, f.ExitCode, f.Server, f.Reason, f.Fault = result.CauseBuilder, 0, builder, reason, faultOf(reason)
}

// addStore blames the machine that has the store, if Nix lost the connection to it, or made none.
func (l *BuildLog) addStore(f *BuildFailure) {
	reason := cmp.Or(l.remotes.said.reason(), innermost(connectionRE.ReplaceAllString(f.Message, "")), f.Message)
	if l.Store == "" || f.Server != "" || faultOf(reason) == "" && !connectionRE.MatchString(f.Message) {
		return
	}
	f.blame(l.Store, reason)
	if f.IsStore = true; f.Fault == BuilderLost && len(l.Built) == 0 {
		f.Fault = BuilderUnreachable
	}
}

// innermost returns the error in a message that the others explain, on one line.
func innermost(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range slices.Backward(lines) {
		if words, found := strings.CutPrefix(strings.TrimSpace(line), "error: "); found {
			return words
		}
	}
	return lines[0]
}
