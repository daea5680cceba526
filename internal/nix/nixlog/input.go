package nixlog

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
)

// InputFault is an input that could not be fetched.
type InputFault struct {
	// Name is the input's path from the flake, such as "mid/nix-secrets": the input that
	// asks for it is before the last slash, if it is not the flake itself. Name is empty if
	// the flake itself could not be fetched.
	Name string
	// URL is what Nix tried to fetch, empty if it does not say.
	URL string
}

var (
	lockingRE    = regexp.MustCompile(`^while updating the (?:lock file of|flake input)`)
	inputNameRE  = regexp.MustCompile(`^while updating the flake input '(.+)'`)
	inputFetchRE = regexp.MustCompile(`^while fetching the input '(.+)'`)
	fetchFailRE  = regexp.MustCompile(`(?i)failed to fetch|unable to download|program '?git'? failed|could not resolve|cannot find .* (?:input|registries)|failed to open archive|HTTP error|cannot fetch|(?:git repository|path|status of) .*(?:does not exist|no such file)|revspec .* not found`)
)

// locking reports whether Nix was busy with the flake's inputs, so that the error is not about the
// flake itself. Nix evaluates nothing during that time. If the trace has places, the flake itself
// wrote such words in it (builtins.addErrorContext).
func (r *record) locking() bool {
	found := false
	for _, t := range r.Trace {
		if t.File != "" {
			return false
		}
		found = found || lockingRE.MatchString(stripSGR(t.RawMsg))
	}
	return found
}

// nameInput adds the name of the input whose flake has the error, unless the message is about
// fetching.
func (e *EvalError) nameInput(prefix string) {
	if name := e.inputFrames(prefix).Name; e.Input == nil && name != "" {
		e.Message = fmt.Sprintf("in the flake of input %s: %s", name, e.Message)
	}
}

// inputFault returns the input that could not be fetched, or nil. Its name is in the trace while
// Nix locks the inputs, and later follows from the lock file. It ignores what the flake fetches
// during evaluation, and inputs that were fetched but throw.
func (e *EvalError) inputFault(t flaketree.Tree, prefix string) *InputFault {
	in := e.inputFrames(prefix)
	switch {
	case in.URL == "" && !fetchFailRE.MatchString(e.Message):
		return nil
	case in.Name == "" && in.URL != "" && t.Input != nil:
		in.Name = t.Input(in.URL)
	}
	if in.Name == "" {
		return nil
	}
	return &in
}

// inputFrames returns what the trace says about the input that Nix was busy with.
func (e *EvalError) inputFrames(prefix string) InputFault {
	var in InputFault
	for _, fr := range e.Frames {
		if m := inputFetchRE.FindStringSubmatch(fr.Text); m != nil && in.URL == "" {
			in.URL = m[1]
		}
		if m := inputNameRE.FindStringSubmatch(fr.Text); m != nil && in.Name == "" && e.locking {
			in.Name = strings.TrimPrefix(m[1], prefix)
		}
	}
	return in
}
