package nix

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	repository "github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/nix/source"
	"github.com/flakeci/flakeci/result"
)

// Flake is a flake reference that Nix has resolved.
type Flake struct {
	// Ref is the reference as the user gave it, Locked what it resolved to.
	Ref, Locked string
	// Rev is the git revision. It is empty for a dirty tree, and without git.
	Rev   string
	Dirty bool
	// StorePath is Nix's copy of the source tree, which is the whole repository.
	StorePath string
	// Checkout is the root of the local folder that was read. It is empty for a remote
	// flake, and for a revision that is not the one checked out.
	Checkout string
	// Dir is the flake's folder below the root, or empty.
	Dir string
	// Unknown lists the overrides that override nothing.
	Unknown []flakeref.UnknownInput

	described json.RawMessage // the full answer of `nix flake metadata`
	given     flakeref.Ref
	eval      string // the reference to evaluate, locked if possible
	copy      string // the reference to Nix's copy of a folder without git
	inGit     bool   // only what git tracks in Checkout is part of the flake
	locks     flakeref.LockFile
	source    *source.Tree // of StorePath
}

// Result returns the flake as a report shows it.
func (f Flake) Result() result.Flake {
	return result.Flake{Ref: f.Ref, Locked: f.Locked, Rev: f.Rev, Dirty: f.Dirty}
}

// Override replaces an input of the flake, as --override-input NAME REF.
type Override struct {
	Name, Ref string
}

// FlakeOptions go with a flake reference.
type FlakeOptions struct {
	Overrides []Override
	// Impure lets the evaluation read from the machine.
	Impure bool
}

// metadata is the part that flakeci uses of what `nix flake metadata --json` prints.
type metadata struct {
	URL         string            `json:"url"`
	ResolvedURL string            `json:"resolvedUrl"`
	Revision    string            `json:"revision"`
	Path        string            `json:"path"`
	Locked      flakeref.Source   `json:"locked"`
	Resolved    flakeref.Source   `json:"resolved"`
	Locks       flakeref.LockFile `json:"locks"`
}

// decode reads an answer. It requires every field that all versions print, because those decide
// what is evaluated.
func (m *metadata) decode(raw json.RawMessage) error {
	if err := json.Unmarshal(raw, m); err != nil {
		return badAnswer("flake metadata", "%v", err)
	}
	_, rooted := m.Locks.Nodes[m.Locks.Root]
	switch {
	case m.URL == "" || m.ResolvedURL == "":
		return badAnswer("flake metadata", "it does not say what the reference stands for")
	case m.Resolved.Type == "" || m.Locked.Type == "":
		return badAnswer("flake metadata", "it does not say what type the source has")
	case !filepath.IsAbs(m.Path):
		return badAnswer("flake metadata", "it does not say where in the store the flake is")
	case !rooted:
		return badAnswer("flake metadata", "it does not list the inputs")
	}
	return nil
}

// overrides returns the overrides as Nix accepts them. The error is a [*NoFlakeError] for a
// path to nothing: Nix would name only the path, or fetch other inputs first.
func (c *Client) overrides(given []Override) ([]Override, error) {
	var list []Override
	for _, o := range given {
		if flakeref.NamesNothing(o.Ref) {
			return nil, &NoFlakeError{Ref: o.Ref, Reason: "no such file or folder", Input: o.Name}
		}
		ref, err := c.nixRef(flakeref.Parse(o.Ref))
		if err != nil {
			return nil, err
		}
		list = append(list, Override{Name: o.Name, Ref: ref})
	}
	return list, nil
}

func overrideArgs(prefix string, overrides []Override) []string {
	var args []string
	for _, o := range overrides {
		args = append(args, "--override-input", prefix+o.Name, o.Ref)
	}
	return args
}

// Resolve asks Nix what the reference stands for. Nix locks and fetches the inputs that are
// not locked yet, but writes no lock file. If the flake is to blame, the error is a
// [*NoFlakeError] or a [*nixlog.EvalError]. The Flake then has what is known about it.
func (c *Client) Resolve(ctx context.Context, ref string, o FlakeOptions) (Flake, error) {
	f := Flake{Ref: ref, given: flakeref.Parse(ref)}
	overrides, err := c.overrides(o.Overrides)
	if err != nil {
		return f, err
	}
	if f.eval, err = c.nixRef(f.given); err != nil {
		return f, err
	}
	if f.given.Dir != "" && !f.given.IsPath {
		f.Checkout = repository.Root(f.given.Dir)
		f.inGit = f.Checkout != ""
	}
	var m metadata
	args := overrideArgs("", overrides)
	if f.described, err = c.metadata(ctx, &f, args); err != nil {
		return f, f.resolveError(err)
	}
	if err := m.decode(f.described); err != nil {
		return f, err
	}
	c.store.Learn(m.Path)
	if err := c.checkParameters(f.given, o.Overrides, m); err != nil {
		return f, err
	}
	if rewritten := f.fill(m); rewritten {
		if err := c.confirmParameters(ctx, &f, args, m); err != nil {
			return f, f.resolveError(err)
		}
	}
	f.copy = c.copied(m)
	for _, o := range o.Overrides {
		named := func(u flakeref.UnknownInput) bool { return u.Name == o.Name }
		if unknown, ok := f.locks.Unknown(o.Name); ok && !slices.ContainsFunc(f.Unknown, named) {
			f.Unknown = append(f.Unknown, unknown)
		}
	}
	return f, nil
}

// metadata asks Nix about the reference that the flake is evaluated by.
func (c *Client) metadata(ctx context.Context, f *Flake, args []string) (raw json.RawMessage, err error) {
	_, err = c.evaluate(ctx, evalCall{flake: f, call: call{sub: []string{"flake", "metadata"}, args: args, refs: []string{f.eval}, limit: c.limits.fetching(ctx)}}, &raw)
	return raw, err
}

// fill sets the fields from an answer. It reports whether flakeci had to write the
// reference to evaluate itself.
func (f *Flake) fill(m metadata) (rewritten bool) {
	f.Locked, f.Rev, f.StorePath, f.locks = m.Resolved.Complete(m.URL), m.Revision, m.Path, m.Locks
	f.Dir = m.Resolved.Dir
	f.source = source.NewTree(f.StorePath, f.Dir)
	f.Dirty = m.Resolved.Type == "git" && m.Revision == ""
	f.Checkout, f.inGit = m.Resolved.Folder()
	// A revision names the same tree for every evaluation of the run. A dirty tree has no
	// revision, and Nix hashes a path again each time.
	ref := m.ResolvedURL
	if m.Revision != "" {
		ref = m.URL
	}
	f.eval = m.Resolved.Complete(ref)
	return f.eval != ref
}

// copied returns the reference to Nix's copy of a folder without git, or "" for any other
// flake.
func (c *Client) copied(m metadata) string {
	if m.Locked.Type != "path" || m.Path == "" {
		return ""
	}
	query := url.Values{}
	if c.Version.datesCopies() {
		query.Set("lastModified", strconv.FormatInt(m.Locked.LastModified, 10))
	}
	if m.Resolved.Dir != "" {
		query.Set("dir", m.Resolved.Dir)
	}
	for _, name := range m.Resolved.CarriedParameters() {
		if value := m.Resolved.Parameter(name); value != "" {
			query.Set(name, value)
		}
	}
	return flakeref.WithQuery("path:"+m.Path, query)
}

// reference returns what to evaluate. For a folder without git, that is the copy that Nix made
// when it resolved the flake, until the copy is collected as garbage. flakeci writes artifacts
// into the folder itself, so each evaluation there would be of a different flake.
func (f *Flake) reference() string {
	if _, err := os.Lstat(f.StorePath); f.copy != "" && err == nil {
		return f.copy
	}
	return f.eval
}
