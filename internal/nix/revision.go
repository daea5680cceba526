package nix

import (
	"net/url"
	"path/filepath"
	"strings"

	repository "github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// Folder returns the flake's local folder, or "" for a flake that was fetched.
func (f Flake) Folder() string {
	if f.Checkout == "" {
		return ""
	}
	return filepath.Join(f.Checkout, f.Dir)
}

// WithoutGit reports whether the flake is a local folder whose every file Nix takes.
func (f Flake) WithoutGit() bool { return f.copy != "" && f.Checkout != "" }

// RefAt returns a reference to a local flake at a revision of its git repository, whatever
// is checked out. Shallow is set for a repository that lacks older commits. The error is a
// [*NoFlakeError] for a folder that this version cannot read.
func (c *Client) RefAt(f Flake, rev string, shallow bool) (string, error) {
	dir := f.Folder()
	if repository.Root(dir) == "" {
		return "", &NoFlakeError{Ref: f.Ref, Reason: "it is not in a git repository"}
	}
	if !flakeref.IsPlain(dir) && c.Version.Less(sinceEncodedFolders()) {
		_, err := c.nixRef(flakeref.Parse(dir))
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
	// These parameters decide how a tree is read, whatever its revision.
	given := flakeref.Parameters(f.Locked)
	for _, name := range []string{"submodules", "lfs", "exportIgnore"} {
		if given[name] != "" {
			values.Set(name, given[name])
		}
	}
	return flakeref.WithQuery(ref, values), nil
}
