package nix

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// storePathRE matches what Nix takes for a path in a store: a folder, a hash and a name. The
// folder has no characters that end a path for Nix, or make it a flake reference.
var storePathRE = regexp.MustCompile(`^(/[^\s'"#?^!]+)/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}$`)

// placeholderRE matches what stands for an output that is addressed by its content, until
// it is built.
var placeholderRE = regexp.MustCompile(`^/[0-9a-z]{52}$`)

// IsStorePath reports whether a text is a path directly in the folder of any store. The path
// need not exist.
func IsStorePath(p string) bool {
	m := storePathRE.FindStringSubmatch(p)
	return m != nil && filepath.Clean(p) == p
}

// IsDerivation reports whether a text is the store path of a derivation.
func IsDerivation(p string) bool { return IsStorePath(p) && strings.HasSuffix(p, ".drv") }

// IsOutput reports whether an evaluation may give a text as the path of an output: it is a
// store path, or the placeholder of one that is unknown yet.
func IsOutput(p string) bool { return IsStorePath(p) || placeholderRE.MatchString(p) }

// DrvName returns the name of a derivation: libfrob-1.2 for
// /nix/store/HASH-libfrob-1.2.drv.
func DrvName(drv string) string {
	base := drv[strings.LastIndexByte(drv, '/')+1:]
	if _, name, ok := strings.Cut(base, "-"); ok {
		base = name
	}
	return strings.TrimSuffix(base, ".drv")
}

// CheckSaved checks the paths of a derivation and its outputs in a saved report or journal:
// the author of that file must not choose Nix's arguments. An empty derivation passes. The
// error is a [*PathError].
func CheckSaved(drv string, outputs map[string]string) error {
	if drv != "" && !IsDerivation(drv) {
		return &PathError{Path: drv}
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if !IsOutput(outputs[name]) {
			return &PathError{Path: outputs[name]}
		}
	}
	return nil
}

// PathError reports a text that is not a path in the store. It was not passed to Nix, which
// could take it for an option or a flake.
type PathError struct {
	Path string
	// Store is the folder that the path should be in, or "" if that is unknown.
	Store string
}

func (e *PathError) Error() string {
	switch {
	case placeholderRE.MatchString(e.Path):
		return fmt.Sprintf("%s is a placeholder for a path that is known once it is built", e.Path)
	case e.Store != "" && IsStorePath(e.Path):
		return fmt.Sprintf("%q is not in %s", e.Path, e.Store)
	}
	return fmt.Sprintf("%q is not a store path", e.Path)
}

// storeFolder is the folder of the client's store, once Nix has named a path in it.
type storeFolder struct {
	known atomic.Pointer[string]
}

// learn sets the folder from a path that Nix itself named.
func (s *storeFolder) learn(p string) {
	if IsStorePath(p) {
		dir := path.Dir(p)
		s.known.Store(&dir)
	}
}

// check returns a [*PathError] for the first text that is not a path in the store.
func (s *storeFolder) check(paths ...string) error {
	folder := ""
	if dir := s.known.Load(); dir != nil {
		folder = *dir
	}
	for _, p := range paths {
		if !IsStorePath(p) || folder != "" && path.Dir(p) != folder {
			return &PathError{Path: p, Store: folder}
		}
	}
	return nil
}
