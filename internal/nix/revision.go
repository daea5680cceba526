package nix

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// Folder is where the flake lies in this machine's files, empty for one that was
// fetched.
func (f Flake) Folder() string {
	if f.Checkout == "" {
		return ""
	}
	return filepath.Join(f.Checkout, f.Dir)
}

// RefAt is the reference of a local flake at a revision of its git repository,
// whatever is checked out. Shallow says that the repository lacks older commits.
// The error is a [*NoFlakeError] for a folder that this version cannot take.
func (c *Client) RefAt(f Flake, rev string, shallow bool) (string, error) {
	dir := f.Folder()
	if gitRoot(dir) == "" {
		return "", &NoFlakeError{Ref: f.Ref, Reason: "it is not in a git repository"}
	}
	if !flakeref.IsPlain(dir) && c.Version.Less(oddFolders()) {
		_, err := c.nixRef(dir)
		return "", err
	}
	ref, query, _ := strings.Cut(flakeref.GitURL(dir), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	values.Set("rev", rev)
	if shallow {
		values.Set("shallow", "1")
	}
	// What a reference says of how its tree is read holds for every revision.
	of := flakeref.Parameters(f.Locked)
	for _, name := range []string{"submodules", "lfs", "exportIgnore"} {
		if of[name] != "" {
			values.Set(name, of[name])
		}
	}
	return flakeref.WithQuery(ref, values), nil
}
