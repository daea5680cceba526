package nix

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	repository "github.com/flakeci/flakeci/internal/git"
)

// LocalRef makes an existing folder an absolute path, so that a person can
// write examples/fleet, which Nix would look up in its registry. Everything
// else, and all that follows a scheme other than path:, is left to Nix.
func LocalRef(ref string) string {
	dir, scheme := localFolder(ref)
	if dir == "" {
		return ref
	}
	return scheme + dir
}

// nixRef is the reference as Nix is to be given it. The error is a
// [*NoFlakeError] for a folder that this version cannot take.
func (c *Client) nixRef(ref string) (string, error) {
	dir, scheme := localFolder(ref)
	switch {
	case dir == "":
		return ref, nil
	case plainPathRE.MatchString(dir):
		return scheme + dir, nil
	case c.Version.Less(oddFolders()):
		return "", &NoFlakeError{Ref: ref, Reason: fmt.Sprintf(
			"Nix %s cannot take a folder with such a name; rename %s, or use Nix %s or newer", c.Version, dir, oddFolders())}
	case scheme == "" && gitRoot(dir) != "":
		return gitRef(dir), nil
	}
	return "path:" + escapePath(dir), nil
}

// Characters that every Nix takes in a path as they are. Nix reads # and ? as
// the end of a path, 2.26 decodes %, and 2.8 refuses all others.
var plainPathRE = regexp.MustCompile(`^[A-Za-z0-9/._~!$&'()*+,;=:@-]*$`)

// oddFolders is the oldest version that was seen to read a folder through a URL
// with encoded characters. For 2.8 such a git repository is a remote one: it
// fetches its master and does not see what was changed since.
func oddFolders() Version { return Version{2, 26, 0} }

func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// localFolder is the real and absolute path of the folder that a reference
// names, empty if it names none. Nix 2.8 and 2.26 take no symbolic link for a
// flake.
func localFolder(ref string) (dir, scheme string) {
	dir = ref
	if rest, ok := strings.CutPrefix(ref, "path:"); ok {
		dir, scheme = rest, "path:"
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return "", scheme
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", scheme
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", scheme
	}
	return dir, scheme
}

// gitRef is what Nix itself makes of a folder below a git repository: the
// nearest folder upwards that has a flake.nix, in that repository.
func gitRef(dir string) string {
	root := gitRoot(dir)
	flake := dir
	for flake != root && !exists(filepath.Join(flake, "flake.nix")) {
		flake = filepath.Dir(flake)
	}
	query := url.Values{}
	if sub, err := filepath.Rel(root, flake); err == nil && sub != "." {
		query.Set("dir", sub)
	}
	// Else Nix refuses to count the revisions of a clone that lacks some.
	if exists(filepath.Join(root, ".git", "shallow")) {
		query.Set("shallow", "1")
	}
	ref := "git+file://" + escapePath(root)
	if len(query) > 0 {
		// Nix does not read + as a space.
		ref += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	return ref
}

// gitRoot is the root of the checkout that dir is in, or "".
func gitRoot(dir string) string { return repository.Root(dir) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// nowhere says whether a reference is a path, and one where there is nothing.
// What is in a store may be in another than this machine's.
func nowhere(ref string) bool {
	path, isPath := strings.CutPrefix(ref, "path:")
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
