package nixlog

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/result"
)

// EvalError is an error in the flake or one of its inputs, with its place in the flake's
// own files.
type EvalError struct {
	// Message is Nix's innermost error, with the flake's own paths made relative.
	Message string
	// Place is where the error is in the flake. File is empty if Nix names no such place.
	Place result.Location
	// Vague is set if the place is only how evaluation got to the error.
	Vague bool
	// Mentions are lines of the flake that name what the error is about.
	Mentions []result.Location
	// Module is set if the module system of nixpkgs says that something is wrong with an option.
	Module *modulesystem.Error
	// Argument is set if a module of the flake, in the file of Place, asks for an argument of
	// this name, which nothing passes to it.
	Argument string
	// Assertions are the failed assertions that the error consists of.
	Assertions []Assertion
	// Excerpt is the source around Place, or nil.
	Excerpt *result.Excerpt
	// Frames is the trace, innermost first.
	Frames []Frame
	// Input is set if an input could not be fetched.
	Input *InputFault
	// Fetch is set if the flake fetches something that could not be fetched.
	Fetch *Fetch
	// Others are about further inputs that could not be fetched.
	Others []*EvalError
	// Build is set if evaluation had to build something and could not (import from
	// derivation).
	Build *BuildFailure
	// Untracked is a file that the flake needs and that is in the checkout, but not known
	// to git and so invisible to Nix.
	Untracked string
	// Submodule is the git submodule that Nix left out and that the flake needs a file of.
	Submodule string
	// Spoiled is a file that the flake reads and that is, for example, still encrypted.
	Spoiled *flaketree.Spoiled
	// Lock is set if a lock file is at fault.
	Lock *LockFault
	// Setting is the one of Nix's settings that forbids what the flake does, and Value what it
	// is set to.
	Setting, Value string
	// Impure names what the flake asks the machine on the line of the error, such as getEnv,
	// where pure evaluation gives no answer.
	Impure string
	// Sudden is set if the evaluator ended without saying where it was. What ends the
	// evaluation of another host in the same way may be something else.
	Sudden bool

	outOfMemory bool // Nix itself says so, not a flake that throws the same words
	locking     bool // Nix was busy with the inputs, not with the flake
	ofNix       bool // an exception of Nix's own, without the data of its other errors
}

// Assertion is a failed assertion of a configuration.
type Assertion struct {
	Text string
	// Module is what the module system says in it about an option, or nil.
	Module *modulesystem.Error
	// Place is where the flake is to be changed, with its source. File is empty if that is
	// unknown.
	Place   result.Location
	Excerpt *result.Excerpt
}

func (e *EvalError) Error() string {
	if e.Place.File == "" {
		return e.Message
	}
	return fmt.Sprintf("%s: %s", e.Place, e.Message)
}

// noFlakeRE finds what Nix says about a reference to nothing, or to something without a
// flake.nix. It says the same about an input, see locking.
var noFlakeRE = regexp.MustCompile(`(?s)^(?:` +
	`could not find a flake\.nix` +
	`|path ['"].*['"] is not (?:part of )?a flake` +
	`|getting status of ['"].*['"]: No such file or directory$` +
	`|path ['"].*['"] does not exist$` +
	`|.*does not contain a '?/?[^ ]*flake\.nix'?` +
	`|Path '(?:.*/)?flake\.nix' (?:does not exist in|in the repository .* is not tracked by) Git` +
	`|'.*' is not a (?:valid )?URL` +
	`|input '.*' is unsupported` +
	`|unexpected fragment '` +
	`|cannot find flake '.*' in the flake registries` +
	`|unable to download '[^']*/flake-registry\.json'` +
	`)`)

// NoFlake reports whether the error says that a reference, when it was resolved, named no
// flake.
func (e *EvalError) NoFlake() bool {
	return e.Place.File == "" && !e.locking && noFlakeRE.MatchString(e.Message)
}

// NotFetched reports whether the error says that a flake, when it was resolved, could not
// be fetched itself.
func (e *EvalError) NotFetched() bool {
	return e.Place.File == "" && !e.locking && e.Input == nil && fetchFailRE.MatchString(e.Message)
}

// Frame is one line of an evaluation trace. Where is its file with its line: relative if it is
// the flake's own, and below the input's name if it is of an input.
type Frame struct {
	Text, Where string
	// Input is the name of the input that the file is of, or "".
	Input string

	Place result.Location // if it is in the flake
	// OfModule is set if it says that a module of the flake was evaluated.
	OfModule bool
}

// Own reports whether the frame has a place in one of the flake's files.
func (f Frame) Own() bool { return f.Place.File != "" }

// Useful reports whether the frame is about the flake itself: it has a place in one of the
// flake's files, or says what one of its modules or which option was evaluated.
func (f Frame) Useful() bool {
	return f.Own() || f.OfModule || f.Where == "" && strings.HasPrefix(f.Text, "while evaluating the option ")
}
