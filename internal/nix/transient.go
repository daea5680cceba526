package nix

import (
	"errors"
	"regexp"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// What Nix, curl and ssh say of faults that are mostly gone the next time: a
// connection that was lost or not made, a name that could not be looked up, a server
// in trouble. A cache that is not there at all says the same.
var transientRE = regexp.MustCompile(`(?i)connection (?:was )?(?:reset|refused|closed|timed out)|recv failure|` +
	`broken pipe|unexpected end[ -]of[ -]file|unexpected EOF|empty reply from server|transfer closed|` +
	`could(?:n't| not) (?:resolve|connect)|failed to connect|temporary failure in name resolution|` +
	`timeout was reached|operation timed out|connection timeout|stalled|` +
	`HTTP error (?:429|5\d\d)|returned error: (?:429|5\d\d)|(?:HTTP/[0-9.]+|status) (?:429|5\d\d)|` +
	`daemon disconnected|` +
	// So Nix 2.8 ends with a core dump if one of several questions to a cache fails.
	`what\(\): +error: interrupted by the user`)

// Transient says whether what an evaluation ended with may be gone the next time:
// something could not be fetched, or Nix itself lost a connection.
func Transient(err error) bool {
	var e *EvalError
	if errors.As(err, &e) {
		return (e.Input != nil || e.locking) && transientRE.MatchString(e.Message) || e.Build != nil && e.Build.Transient()
	}
	var died *proc.Error
	return errors.As(err, &died) && died.Err == nil && transientRE.MatchString(died.LastLine)
}

// Transient says whether a build may succeed the next time. What a builder itself
// fails with is the flake's.
func (f BuildFailure) Transient() bool {
	switch f.Kind {
	case result.CauseSubstituter: // Nix says of most only that it could not be had
		return true
	case result.CauseDaemon, result.CauseBuilder, result.CauseInfra:
		return transientRE.MatchString(f.Message)
	}
	return false
}
