// Package flakeref knows what a flake reference names.
package flakeref

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/git"
)

// Ref is a flake reference that a person wrote.
type Ref struct {
	// Text is the reference as it was written.
	Text string
	// Dir is the real and absolute path of the folder that it names, or "" if it names
	// none. Nix 2.8 and 2.26 do not accept a symbolic link as a flake.
	Dir string
	// IsPath is set if the reference starts with path:.
	IsPath bool
}

// Parse looks up the folder that a reference names.
func Parse(ref string) Ref {
	dir, isPath := strings.CutPrefix(ref, pathScheme)
	return Ref{Text: ref, Dir: realFolder(dir), IsPath: isPath}
}

const pathScheme = "path:"

func realFolder(dir string) string {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return ""
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	return dir
}

// Absolute makes an existing folder an absolute path, so that a person can write
// examples/fleet, which Nix would look up in its registry. It leaves everything else to
// Nix, and whatever follows a scheme other than path:.
func (r Ref) Absolute() string {
	switch {
	case r.Dir == "":
		return r.Text
	case r.IsPath:
		return pathScheme + r.Dir
	}
	return r.Dir
}

// FlakeFolder returns the folder of the flake at or above the path that the reference names,
// or "" if it does not name one.
func (r Ref) FlakeFolder() string {
	dir := strings.TrimPrefix(r.Absolute(), pathScheme)
	if !filepath.IsAbs(dir) {
		return ""
	}
	for !exists(filepath.Join(dir, "flake.nix")) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
	return dir
}

// Every Nix accepts these characters in a path. # and ? end a path for Nix, 2.26 decodes %,
// and 2.8 rejects all others.
var plainRE = regexp.MustCompile(`^[A-Za-z0-9/._~!$&'()*+,;=:@-]*$`)

// IsPlain reports whether every Nix accepts the path of a folder as a reference.
func IsPlain(dir string) bool { return plainRE.MatchString(dir) }

// PathURL returns a reference to a folder of any name.
func PathURL(dir string) string { return pathScheme + escape(dir) }

func escape(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// GitURL returns what Nix itself makes of a folder in a git repository: the nearest folder
// upwards that has a flake.nix, in that repository.
func GitURL(dir string) string {
	root := git.Root(dir)
	flake := dir
	for flake != root && !exists(filepath.Join(flake, "flake.nix")) {
		flake = filepath.Dir(flake)
	}
	query := url.Values{}
	if sub, err := filepath.Rel(root, flake); err == nil && sub != "." {
		query.Set("dir", sub)
	}
	// Without this, Nix refuses to count the revisions of a clone that lacks some.
	if exists(filepath.Join(root, ".git", "shallow")) {
		query.Set("shallow", "1")
	}
	return WithQuery("git+file://"+escape(root), query)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// NamesNothing reports whether a reference is a path to nothing. It does not judge a path in the
// store, which may be in another machine's store.
func NamesNothing(ref string) bool {
	path, isPath := strings.CutPrefix(ref, pathScheme)
	path, _, _ = strings.Cut(path, "?")
	if strings.HasPrefix(path, "/nix/store/") {
		return false
	}
	if !isPath && !filepath.IsAbs(path) && !strings.HasPrefix(path, "./") && !strings.HasPrefix(path, "../") {
		return false
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	decoded, err := url.PathUnescape(path)
	return err != nil || !exists(decoded)
}
