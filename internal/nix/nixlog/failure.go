package nixlog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// BuildFailure is a derivation that could not be built, and why.
type BuildFailure struct {
	// DrvPath is empty for a fault that does not concern a single derivation.
	DrvPath string
	// Resolved is the derivation that was built instead, if there was one, as with
	// content-addressed inputs. The store keeps the log under its name.
	Resolved string
	Kind     result.CauseKind
	// ExitCode and Signal are the builder's, and 0 if it did not end that way.
	ExitCode, Signal int
	// Missing lists the system features that the build needs and this machine lacks.
	Missing []string
	// System is the system that the build needs, if this machine cannot build for it.
	System string
	// Message is Nix's error message.
	Message string
	// Tail is the end of the builder's log, oldest line first.
	Tail []string
	// Log is for when Nix keeps no log: all of the log, or the end of a long one.
	Log string
	// Server and Reason say which substituter or remote builder could not be used, as
	// scheme://host, and why. They are empty if none is to blame, or Nix does not say which.
	// Server may list several builders. If only Reason is set, there is no builder.
	Server, Reason string
	// Fault says what is wrong with the remote builder in Server.
	Fault BuilderFault
	// IsStore means that Server is not a builder but the machine that has the store.
	IsStore bool
	// NoShell means that Nix has no /bin/sh to run as the builder.
	NoShell bool
	// Hook is the program of the setting post-build-hook, if it failed.
	Hook string
}

// What shells, compilers and build tools say about a program that was killed.
var killedRE = regexp.MustCompile(`(?:^|[\s:])Killed\s*$|\d Killed\s|Killed signal|signal: (?:9|killed)\b|with signal 9\b|SIGKILL`)

// Killed reports whether the builder, or a program that it started, was killed. Usually the
// kernel does that when memory runs out, but Nix does not know.
func (f BuildFailure) Killed() bool {
	const (
		kill     = 9
		bySignal = 128 // shells add it to the number of the signal
	)
	return f.Kind == result.CauseBuild && (f.Signal == kill || f.ExitCode == bySignal+kill || slices.ContainsFunc(f.Tail, killedRE.MatchString))
}

// addLacks notes what this machine lacks for the build.
func (f *BuildFailure) addLacks(text string) {
	if m := requiredRE.FindStringSubmatch(text); m != nil && f.Kind == result.CauseSystem {
		f.System = m[1] + m[2]
	}
	if sets := featuresRE.FindAllStringSubmatch(text, 2); len(sets) == 2 && f.Kind == result.CauseFeature {
		has := strings.Split(sets[1][1], ", ")
		f.Missing = slices.DeleteFunc(strings.Split(sets[0][1], ", "), func(name string) bool { return slices.Contains(has, name) })
	}
}

// addSubstituter notes which server a path could not be downloaded from. Nix says so in a
// separate message.
func (f *BuildFailure) addSubstituter(errors []buildError) {
	if f.Kind != result.CauseSubstituter {
		return
	}
	for _, e := range errors {
		if m := downloadRE.FindStringSubmatch(e.text); m != nil {
			f.Server, f.Reason = stripUser(m[1]), strings.TrimSpace(m[2])
			return
		}
	}
}

// noSpaceRE finds what a program says when it could not write. A log that only mentions
// the words, such as the names of tests, does not match.
var noSpaceRE = regexp.MustCompile(`(?i)[:\])] no space left on device`)

// noShellRE finds what Nix writes into the log instead of /bin/sh. It colors the words, and older
// versions also write other bytes. Its sandbox has a /bin/sh only if the setting sandbox-paths or
// whoever compiled Nix provides one.
var noShellRE = regexp.MustCompile(`(?:^error: |Error\x00.*)executing '/bin/sh': No such file or directory\W*$`)

func (f *BuildFailure) addTail(t *tail) {
	if t == nil {
		return
	}
	f.Tail, f.Log = t.lines, string(t.log)
	if len(f.Tail) > 0 {
		f.Message = logLinesRE.Split(f.Message, 2)[0]
	}
	// A program of the builder reports the full disk; Nix only sees it exit.
	if f.Kind == result.CauseBuild && slices.ContainsFunc(t.lines, noSpaceRE.MatchString) {
		f.Kind = result.CauseDisk
	}
	if n := len(f.Tail); f.Kind == result.CauseBuild && f.ExitCode == 1 && (n == 1 || n == 2) && noShellRE.MatchString(stripSGR(f.Tail[n-1])) {
		f.Kind, f.NoShell = result.CauseInfra, true
	}
}

var (
	userRE  = regexp.MustCompile(`://[^/\s'"@]+@`)
	queryRE = regexp.MustCompile(`\?[^\s'"]*`)
)

// stripUser removes user names and passwords from the URLs in a text.
func stripUser(text string) string { return userRE.ReplaceAllString(text, "://") }

// StripCredentials removes user names and passwords from the URLs in a text, and also
// their parameters, which may name keys.
func StripCredentials(text string) string { return queryRE.ReplaceAllString(stripUser(text), "") }
