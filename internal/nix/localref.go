package nix

import (
	"fmt"

	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// nixRef is the reference as Nix is to be given it. The error is a
// [*NoFlakeError] for a folder that this version cannot take.
func (c *Client) nixRef(ref string) (string, error) {
	dir, scheme := flakeref.Folder(ref)
	switch {
	case dir == "":
		return ref, nil
	case flakeref.IsPlain(dir):
		return scheme + dir, nil
	case c.Version.Less(oddFolders()):
		return "", &NoFlakeError{Ref: ref, Reason: fmt.Sprintf(
			"Nix %s cannot take a folder with such a name; rename %s, or use Nix %s or newer", c.Version, dir, oddFolders())}
	case scheme == "" && gitRoot(dir) != "":
		return flakeref.GitURL(dir), nil
	}
	return flakeref.PathURL(dir), nil
}

// oddFolders is the oldest version that was seen to read a folder through a URL
// with encoded characters. For 2.8 such a git repository is a remote one: it
// fetches its master and does not see what was changed since.
func oddFolders() Version { return Version{2, 26, 0} }
