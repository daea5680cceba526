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

// What Nix takes for a path in a store: a folder, a hash and a name. The characters that
// end a path for Nix, or make a reference to a flake of it, are none of the folder's.
var storePathRE = regexp.MustCompile(`^(/[^\s'"#?^!]+)/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}$`)

// placeholderRE is what stands for an output that is addressed by its content until it
// is built.
var placeholderRE = regexp.MustCompile(`^/[0-9a-z]{52}$`)

// IsStorePath says whether a text is a path right in the folder of a store, whichever
// that is and whether or not the path is there.
func IsStorePath(p string) bool {
	m := storePathRE.FindStringSubmatch(p)
	return m != nil && filepath.Clean(p) == p
}

// IsDerivation says likewise of the path of a derivation.
func IsDerivation(p string) bool { return IsStorePath(p) && strings.HasSuffix(p, ".drv") }

// IsOutput says whether a text is what an evaluation may give as the path of an output:
// one in a store, or what stands for one that is not known yet.
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

// CheckSaved checks the paths of a derivation and its outputs that a saved report or a
// journal names: whoever wrote that file must not choose Nix's words. An empty derivation
// passes. The error is a [*PathError].
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

// PathError says that a text is not a path in the store. Nix was not given it, because it
// could take it for an option or a flake.
type PathError struct {
	Path string
	// Store is the folder that the path should be in, if that is known.
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

// storeFolder is where the paths of the client's store lie, once Nix has named one.
type storeFolder struct {
	is atomic.Pointer[string]
}

// learn takes in a path that Nix itself gave.
func (s *storeFolder) learn(p string) {
	if IsStorePath(p) {
		dir := path.Dir(p)
		s.is.Store(&dir)
	}
}

// check gives a [*PathError] for the first that is no path of the store.
func (s *storeFolder) check(paths ...string) error {
	folder := ""
	if known := s.is.Load(); known != nil {
		folder = *known
	}
	for _, p := range paths {
		if !IsStorePath(p) || folder != "" && path.Dir(p) != folder {
			return &PathError{Path: p, Store: folder}
		}
	}
	return nil
}
