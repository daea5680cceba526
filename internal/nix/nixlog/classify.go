package nixlog

import (
	"regexp"
	"strconv"

	"github.com/flakeci/flakeci/result"
)

const drvPattern = `(/[^\s']*/[0-9a-z]{32}-[^\s']+\.drv)`

var (
	// Older versions: "1 dependencies of derivation '…' failed to build"; newer ones: "Cannot
	// build '…'. Reason: 1 dependency failed."
	victimRE = regexp.MustCompile(`(?s)\d+ dependenc(?:y|ies) of derivation '` + drvPattern + `' failed|Cannot build '` + drvPattern + `'\.\s*Reason: \d+ dependenc(?:y|ies) failed`)

	// A timeout names outputs too: '….drv!out' in 2.8, '….drv^out' in 2.26.
	drvRE    = regexp.MustCompile(`'` + drvPattern + `(?:[!^][^']*)?'`)
	exitRE   = regexp.MustCompile(`failed with exit code (\d+)`)
	signalRE = regexp.MustCompile(`failed due to signal (\d+)`)
	// Versions between 2.26 and 2.34 have a third wording for a missing feature or system.
	featureRE = regexp.MustCompile(`(?s)a '([^']+)' with features \{[^}]*\} is required to build .* but I am a '([^']+)'|` +
		`Reason: required system or feature not available.*Required system: '([^']+)'.*Current system: '([^']+)'`)
	requiredRE = regexp.MustCompile(`a '([^']+)' with features|Required system: '([^']+)'`)
	// The required features come first, then those that the machine has.
	featuresRE = regexp.MustCompile(`features:? \{([^}]*)\}`)
	pathRE     = regexp.MustCompile(`\B/[^\s']+`) // not the end of "I/O"
	logLinesRE = regexp.MustCompile(`(?i)[;\n]\s*last \d+ log lines:`)
)

// victim returns the derivation that failed only because a dependency did, if a message says so.
func victim(text string) (string, bool) {
	m := victimRE.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1] + m[2], true
}

// outOfMemory is Nix's last message when memory runs out and the kernel does not kill it.
const outOfMemory = "out of memory"

// rules map Nix's messages to kinds; the first rule that matches counts.
var rules = []struct {
	kind result.CauseKind
	re   *regexp.Regexp
}{
	{result.CauseMemory, regexp.MustCompile(`^` + outOfMemory + `$`)},
	{result.CauseHash, regexp.MustCompile(`hash mismatch in fixed-output derivation`)},
	// On a full disk SQLite also says that it cannot write.
	{result.CauseDisk, regexp.MustCompile(`(?i)no space left on device|disk full|database or disk is full|disk I/O error`)},
	{result.CauseBuilder, disabledRE},
	{result.CauseFeature, regexp.MustCompile(`Reason: missing system features|required features`)},
	{result.CauseSystem, regexp.MustCompile(`Reason: platform mismatch|is not supported on this platform`)},
	// A user without write access to the store tries to write there only if there is no daemon.
	{result.CauseDaemon, regexp.MustCompile(`(?i)cannot connect to (?:daemon|socket)|nix daemon|daemon disconnected|^unexpected end-of-file$|` +
		`^(?:opening lock file|could not set permissions on) .*(?:permission denied|not permitted)`)},
	{result.CauseBuilder, regexp.MustCompile(`cannot build on '|failed to start SSH|build hook|unexpected EOF reading`)},
	{result.CauseSubstituter, regexp.MustCompile(`unable to download|substituter|binary cache|HTTP error|some substitutes for|hash mismatch importing path`)},
	// A connection may time out too; the rules above find whose fault that is.
	{result.CauseTimeout, regexp.MustCompile(`timed out`)},
	{result.CauseBuild, regexp.MustCompile(`builder for '|Reason: builder|failed to produce output|Cannot build '|output .* (?:check|contains)|build of (?:resolved derivation )?'|may not be deterministic|depends on impure derivation`)},
	{result.CauseBuild, outputRE},
}

// Classify reads an error message of `nix build`.
func Classify(text string) BuildFailure {
	f := BuildFailure{Kind: result.CauseInfra, Message: text}
	if m := drvRE.FindStringSubmatch(text); m != nil {
		f.DrvPath = m[1]
	}
	f.ExitCode = number(exitRE, text)
	f.Signal = number(signalRE, text)
	// Older versions use one wording for a missing feature and another system.
	if m := featureRE.FindStringSubmatch(text); m != nil {
		f.Kind = result.CauseFeature
		if m[1]+m[3] != m[2]+m[4] {
			f.Kind = result.CauseSystem
		}
		f.addLacks(text)
		return f
	}
	// The name of a derivation, or the end of a log, may contain any of these words.
	words := pathRE.ReplaceAllString(logLinesRE.Split(text, 2)[0], "/")
	for _, r := range rules {
		if r.re.MatchString(words) {
			f.Kind = r.kind
			break
		}
	}
	f.addLacks(text)
	return f
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
