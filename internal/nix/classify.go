package nix

import (
	"errors"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

const drvPattern = `(/[^\s']*/[0-9a-z]{32}-[^\s']+\.drv)`

var (
	// Older: "1 dependencies of derivation '…' failed to build"; newer:
	// "Cannot build '…'. Reason: 1 dependency failed."
	victimRE = regexp.MustCompile(`(?s)\d+ dependenc(?:y|ies) of derivation '` + drvPattern + `' failed|Cannot build '` + drvPattern + `'\.\s*Reason: \d+ dependenc(?:y|ies) failed`)

	// A timeout names outputs too: '….drv!out' in 2.8, '….drv^out' in 2.26.
	drvRE    = regexp.MustCompile(`'` + drvPattern + `(?:[!^][^']*)?'`)
	exitRE   = regexp.MustCompile(`failed with exit code (\d+)`)
	signalRE = regexp.MustCompile(`failed due to signal (\d+)`)
	// Between 2.26 and 2.34 there is a third form of words for both lacks.
	featureRE = regexp.MustCompile(`(?s)a '([^']+)' with features \{[^}]*\} is required to build .* but I am a '([^']+)'|` +
		`Reason: required system or feature not available.*Required system: '([^']+)'.*Current system: '([^']+)'`)
	requiredRE = regexp.MustCompile(`a '([^']+)' with features|Required system: '([^']+)'`)
	// Those that are required come first, then those that there are.
	featuresRE = regexp.MustCompile(`features:? \{([^}]*)\}`)
	pathRE     = regexp.MustCompile(`\B/[^\s']+`) // not the end of I/O
	logLinesRE = regexp.MustCompile(`(?i)[;\n]\s*last \d+ log lines:`)
	// SQLite says on a full disk that it cannot write, too.
	diskFullRE = regexp.MustCompile(`(?i)no space left on device|disk full|database or disk is full|disk I/O error`)

	// What Nix says of its own store and database, before it comes to any flake.
	storeRE = regexp.MustCompile(`^(?:opening lock file|could not set permissions on|remounting|executing SQLite|cannot open (?:SQLite|Nix) database|SQLite database) `)
)

// What shells, compilers and build tools say of a program that was killed.
var killedRE = regexp.MustCompile(`(?:^|[\s:])Killed\s*$|\d Killed\s|Killed signal|signal: (?:9|killed)\b|with signal 9\b|SIGKILL`)

// Killed says whether a builder was killed, or what it started: by the kernel, mostly,
// for want of memory, but Nix does not know that.
func (f BuildFailure) Killed() bool {
	const bySignal = 128 // is added by shells
	kill := int(syscall.SIGKILL)
	return f.Kind == result.CauseBuild && (f.Signal == kill || f.ExitCode == bySignal+kill || slices.ContainsFunc(f.Tail, killedRE.MatchString))
}

// What programs say when they could not write. A log that only has the words, such as
// the names of tests, is none.
var noSpaceRE = regexp.MustCompile(`(?i)[:\])] no space left on device`)

// victim recognises a derivation that failed for its dependencies only.
func victim(text string) (string, bool) {
	m := victimRE.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1] + m[2], true
}

// noMemory is what Nix says before it ends for want of memory, if it is not killed.
const noMemory = "out of memory"

// noHeapRE finds the last words of Nix's garbage collector where it aborts for want of
// memory, as seen under ulimit -v: "Insufficient space for initial table allocation".
var noHeapRE = regexp.MustCompile(`^Insufficient (?:space|memory)`)

// A rule sends a message of Nix to a kind; the first that matches counts.
type rule struct {
	kind result.CauseKind
	re   *regexp.Regexp
}

var rules = []rule{
	{result.CauseMemory, regexp.MustCompile(`^` + noMemory + `$`)},
	{result.CauseHash, regexp.MustCompile(`hash mismatch in fixed-output derivation`)},
	{result.CauseDisk, diskFullRE},
	{result.CauseFeature, regexp.MustCompile(`Reason: missing system features|required features|all required system features`)},
	{result.CauseSystem, regexp.MustCompile(`Reason: platform mismatch|is not supported on this platform`)},
	// Who may not write to the store goes there directly only where no daemon is to be had.
	{result.CauseDaemon, regexp.MustCompile(`(?i)cannot connect to (?:daemon|socket)|nix daemon|daemon disconnected|^unexpected end-of-file$|` +
		`^(?:opening lock file|could not set permissions on) .*(?:permission denied|not permitted)`)},
	{result.CauseBuilder, regexp.MustCompile(`cannot build on '|failed to start SSH|build hook|unexpected EOF reading|[Uu]nable to start any build`)},
	{result.CauseSubstituter, regexp.MustCompile(`unable to download|substituter|binary cache|HTTP error|some substitutes for|hash mismatch importing path`)},
	// A connection times out as well: that is the fault of whom it was to.
	{result.CauseTimeout, regexp.MustCompile(`timed out`)},
	{result.CauseBuild, regexp.MustCompile(`builder for '|Reason: builder|failed to produce output|Cannot build '|is not allowed to refer|output .* (?:check|contains)|build of '|may not be deterministic`)},
}

// classify reads an error message of `nix build`.
func classify(text string) BuildFailure {
	f := BuildFailure{Kind: result.CauseInfra, Message: text}
	if m := drvRE.FindStringSubmatch(text); m != nil {
		f.DrvPath = m[1]
	}
	f.ExitCode = number(exitRE, text)
	f.Signal = number(signalRE, text)
	// Older versions tell both lacks in one form of words.
	if m := featureRE.FindStringSubmatch(text); m != nil {
		f.Kind = result.CauseFeature
		if m[1]+m[3] != m[2]+m[4] {
			f.Kind = result.CauseSystem
		}
		f.lacks(text)
		return f
	}
	// Names of derivations and the end of a log may hold any of these words.
	words := pathRE.ReplaceAllString(logLinesRE.Split(text, 2)[0], "/")
	for _, r := range rules {
		if r.re.MatchString(words) {
			f.Kind = r.kind
			break
		}
	}
	f.lacks(text)
	return f
}

// lacks notes what this machine lacks for a derivation.
func (f *BuildFailure) lacks(text string) {
	if m := requiredRE.FindStringSubmatch(text); m != nil && f.Kind == result.CauseSystem {
		f.System = m[1] + m[2]
	}
	if sets := featuresRE.FindAllStringSubmatch(text, 2); len(sets) == 2 && f.Kind == result.CauseFeature {
		there := strings.Split(sets[1][1], ", ")
		f.Missing = slices.DeleteFunc(strings.Split(sets[0][1], ", "), func(name string) bool { return slices.Contains(there, name) })
	}
}

func number(re *regexp.Regexp, text string) int {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// DrvName is the name of a derivation: libfrob-1.2 for
// /nix/store/HASH-libfrob-1.2.drv.
func DrvName(drv string) string {
	base := drv[strings.LastIndexByte(drv, '/')+1:]
	if _, name, ok := strings.Cut(base, "-"); ok {
		base = name
	}
	return strings.TrimSuffix(base, ".drv")
}

// MachineFault is the kind of what the machine is to blame for where something was not
// evaluated: a daemon that is gone, a full disk, no more memory, a store that does not work.
// It is "" for an error of the flake, which has a place there.
func MachineFault(err error) result.CauseKind {
	var died *proc.Error
	switch {
	case outOfRoom(err):
		return result.CauseDisk
	case errors.As(err, &died) && died.Signal == syscall.SIGABRT && noHeapRE.MatchString(died.LastLine):
		return result.CauseMemory
	}
	var e *EvalError
	if !errors.As(err, &e) || e.Place.File != "" || slices.ContainsFunc(e.Frames, Frame.Useful) {
		return ""
	}
	switch kind := classify(e.Message).Kind; kind {
	case result.CauseDaemon, result.CauseDisk:
		return kind
	}
	if e.noMemory {
		return result.CauseMemory
	}
	if storeRE.MatchString(e.Message) {
		return result.CauseInfra
	}
	return ""
}

// outOfRoom says whether a nix died for want of disk. It maps a file of its database into
// memory, and Linux ends by SIGBUS who writes there where the disk has no room. On macOS
// recursion without end comes to that, too.
func outOfRoom(err error) bool {
	var died *proc.Error
	return runtime.GOOS == "linux" && errors.As(err, &died) && died.Signal == syscall.SIGBUS
}
