package nix

import (
	"fmt"

	repository "github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// nixRef returns a reference as Nix accepts it. The error is a [*NoFlakeError] for a folder
// that this version cannot read.
func (c *Client) nixRef(ref flakeref.Ref) (string, error) {
	switch {
	case ref.Dir == "" || flakeref.IsPlain(ref.Dir):
		return ref.Absolute(), nil
	case c.Version.Less(sinceEncodedFolders()):
		return "", &NoFlakeError{Ref: ref.Text, Reason: fmt.Sprintf(
			"Nix %s cannot read a folder with this name; rename %s, or use Nix %s or newer", c.Version, ref.Dir, sinceEncodedFolders())}
	case !ref.IsPath && repository.Root(ref.Dir) != "":
		return flakeref.GitURL(ref.Dir), nil
	}
	return flakeref.PathURL(ref.Dir), nil
}

// sinceEncodedFolders is the oldest version known to read a folder through a URL with encoded
// characters. 2.8 treats the repository behind such a URL as remote: it fetches its branch master
// and does not see later changes.
func sinceEncodedFolders() Version { return Version{2, 26, 0} }
