package nix

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// NoFlakeError says that there is no flake where the reference points.
type NoFlakeError struct {
	Ref, Reason string
	// Input is the input that the reference was given for, empty for the flake
	// itself.
	Input string
	// Untracked is flake.nix if it lies there unknown to git.
	Untracked string
}

func (e *NoFlakeError) Error() string {
	if e.Input != "" {
		return fmt.Sprintf("input %s: nothing at %s: %s", e.Input, e.Ref, e.Reason)
	}
	return fmt.Sprintf("no flake at %s: %s", e.Ref, e.Reason)
}

// What Nix says where a reference names nothing, or something without a
// flake.nix. The same words are said of an input, see record.locking.
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

// resolveError tells a reference without a flake from a flake at fault.
func (f *Flake) resolveError(err error) error {
	var e *EvalError
	if !errors.As(err, &e) || e.Place.File != "" || e.locking {
		return err
	}
	switch {
	case noFlakeRE.MatchString(e.Message):
		nf := &NoFlakeError{Ref: f.Ref, Reason: e.Message}
		if dir, _ := localFolder(f.Ref); strings.Contains(e.Message, "flake.nix") && dir != "" && exists(filepath.Join(dir, "flake.nix")) && f.inGit {
			nf.Untracked = "flake.nix"
		}
		return nf
	case e.Input == nil && fetchFailRE.MatchString(e.Message):
		e.Input = &InputFault{URL: f.Ref}
	}
	return e
}
