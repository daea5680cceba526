package nix

import (
	"net/url"
	"path/filepath"
	"strings"
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
	if !plainPathRE.MatchString(dir) && c.Version.Less(oddFolders()) {
		_, err := c.nixRef(dir)
		return "", err
	}
	ref, query, _ := strings.Cut(gitRef(dir), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	values.Set("rev", rev)
	if shallow {
		values.Set("shallow", "1")
	}
	// What a reference says of how its tree is read holds for every revision.
	_, given, _ := strings.Cut(f.Locked, "?")
	of := parameters(given)
	for _, name := range []string{"submodules", "lfs", "exportIgnore"} {
		if of[name] != "" {
			values.Set(name, of[name])
		}
	}
	// Nix does not read + as a space.
	return ref + "?" + strings.ReplaceAll(values.Encode(), "+", "%20"), nil
}
