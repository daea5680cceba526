// Package storepath tells paths in a Nix store from other text.
package storepath

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// pathRE matches what Nix takes for a path in a store: a folder, a hash and a name. The folder has
// no character at which Nix would end a path, or that would make it a flake reference.
var pathRE = regexp.MustCompile(`^(/[^\s'"#?^!]+)/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}$`)

var placeholderRE = regexp.MustCompile(`^/[0-9a-z]{52}$`)

// Is reports whether a text is a path directly in the folder of any store. The path need not
// exist.
func Is(p string) bool {
	m := pathRE.FindStringSubmatch(p)
	return m != nil && filepath.Clean(p) == p
}

// IsDerivation reports whether a text is the store path of a derivation.
func IsDerivation(p string) bool { return Is(p) && strings.HasSuffix(p, ".drv") }

// IsPlaceholder reports whether a text stands for an output that is addressed by its content,
// until it is built.
func IsPlaceholder(p string) bool { return placeholderRE.MatchString(p) }

// isOutput reports whether an evaluation may give a text as the path of an output: it is a store
// path, or the placeholder for one that is not known yet.
func isOutput(p string) bool { return Is(p) || IsPlaceholder(p) }

// Name returns the name in a path: libfrob-1.2 for /nix/store/HASH-libfrob-1.2.drv.
func Name(p string) string {
	base := p[strings.LastIndexByte(p, '/')+1:]
	if _, name, ok := strings.Cut(base, "-"); ok {
		base = name
	}
	return strings.TrimSuffix(base, ".drv")
}

// base32 are the digits of Nix's base 32.
const base32 = "0123456789abcdfghijklmnpqrsvwxyz"

// OfTree returns the store path of the source tree with a hash as a lock file gives it
// (sha256-…), or "" if that is no such hash. Nix calls every source tree "source".
func OfTree(narHash string) string {
	digits, ok := strings.CutPrefix(narHash, "sha256-")
	hash, err := base64.StdEncoding.DecodeString(digits)
	if !ok || err != nil || len(hash) != sha256.Size {
		return ""
	}
	long := sha256.Sum256(fmt.Appendf(nil, "source:sha256:%x:/nix/store:source", hash))
	var short [20]byte
	for i, b := range long {
		short[i%len(short)] ^= b
	}
	// Nix writes the bits from the last to the first.
	text := make([]byte, len(short)*8/5)
	for i := range text {
		bit := (len(text) - 1 - i) * 5
		at, shift := bit/8, bit%8
		digit := int(short[at]) >> shift
		if at+1 < len(short) {
			digit |= int(short[at+1]) << (8 - shift)
		}
		text[i] = base32[digit&31]
	}
	return "/nix/store/" + string(text) + "-source"
}

// CheckSaved checks the paths of a derivation and its outputs in a saved report or journal:
// the author of that file must not choose Nix's arguments. An empty derivation passes. The
// error is a [*Error].
func CheckSaved(drv string, outputs map[string]string) error {
	if drv != "" && !IsDerivation(drv) {
		return &Error{Path: drv}
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if !isOutput(outputs[name]) {
			return &Error{Path: outputs[name]}
		}
	}
	return nil
}

// Error reports a text that is not a path in the store. It was not passed to Nix, which
// could take it for an option or a flake.
type Error struct {
	Path string
	// Store is the folder that the path should be in, or "" if that is unknown.
	Store string
}

func (e *Error) Error() string {
	switch {
	case IsPlaceholder(e.Path):
		return fmt.Sprintf("%s is a placeholder for a path that is known only after the build", e.Path)
	case e.Store != "" && Is(e.Path):
		return fmt.Sprintf("%q is not in %s", e.Path, e.Store)
	}
	return fmt.Sprintf("%q is not a store path", e.Path)
}

// Store is the folder of one store, once Nix has named a path in it. The zero value accepts
// the paths of any store.
type Store struct {
	known atomic.Pointer[string]
}

// Learn sets the folder from a path that Nix itself named.
func (s *Store) Learn(p string) {
	if Is(p) {
		dir := path.Dir(p)
		s.known.Store(&dir)
	}
}

// Check returns a [*Error] for the first text that is not a path in the store.
func (s *Store) Check(paths ...string) error {
	folder := ""
	if dir := s.known.Load(); dir != nil {
		folder = *dir
	}
	for _, p := range paths {
		if !Is(p) || folder != "" && path.Dir(p) != folder {
			return &Error{Path: p, Store: folder}
		}
	}
	return nil
}
