package nix

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// Flake is a flake reference that Nix has resolved.
type Flake struct {
	// Ref is the reference as it was given, Locked what it resolved to.
	Ref, Locked string
	// Rev is the git revision, empty for a dirty tree or where there is no git.
	Rev   string
	Dirty bool
	// StorePath is Nix's copy of the source tree, the whole repository.
	StorePath string
	// Checkout is the root of the local folder that was looked at, empty for a
	// remote flake and for another revision than the one checked out.
	Checkout string
	// Dir is the flake's folder below the root, empty for the root.
	Dir string
	// Unknown are the overrides that override nothing.
	Unknown []flakeref.UnknownInput

	described json.RawMessage // what Nix said of it, whole

	eval  string // the reference to evaluate: locked where that is possible
	copy  string // that of Nix's copy of a folder without git
	inGit bool   // only what git tracks in Checkout is part of the flake
	locks flakeref.LockFile
}

// Override replaces an input of the flake, as --override-input NAME REF.
type Override struct {
	Name, Ref string
}

// FlakeOptions go with a flake reference.
type FlakeOptions struct {
	Overrides []Override
	// Impure allows the evaluation to look at the machine.
	Impure bool
}

// metadata is what `nix flake metadata --json` prints, as far as it is needed.
type metadata struct {
	URL         string            `json:"url"`
	ResolvedURL string            `json:"resolvedUrl"`
	Revision    string            `json:"revision"`
	Path        string            `json:"path"`
	Locked      flakeref.Source   `json:"locked"`
	Resolved    flakeref.Source   `json:"resolved"`
	Locks       flakeref.LockFile `json:"locks"`
}

// decode reads an answer, and makes sure that it has what every version says of a
// flake: it decides what is evaluated.
func (m *metadata) decode(raw json.RawMessage) error {
	if err := json.Unmarshal(raw, m); err != nil {
		return badAnswer("flake metadata", "%v", err)
	}
	_, rooted := m.Locks.Nodes[m.Locks.Root]
	switch {
	case m.URL == "" || m.ResolvedURL == "":
		return badAnswer("flake metadata", "it does not say what the reference stands for")
	case m.Resolved.Type == "" || m.Locked.Type == "":
		return badAnswer("flake metadata", "it does not say of which type the source is")
	case !filepath.IsAbs(m.Path):
		return badAnswer("flake metadata", "it does not say where in the store the flake is")
	case !rooted:
		return badAnswer("flake metadata", "it does not say which inputs there are")
	}
	return nil
}

// overrides gives what is to replace inputs as Nix is to be given it. The error
// is a [*NoFlakeError] for a path where there is nothing: Nix would name the
// path alone, or fetch other inputs first.
func (c *Client) overrides(o []Override) ([]Override, error) {
	var given []Override
	for _, o := range o {
		if flakeref.NamesNothing(o.Ref) {
			return nil, &NoFlakeError{Ref: o.Ref, Reason: "no such file or folder", Input: o.Name}
		}
		ref, err := c.nixRef(o.Ref)
		if err != nil {
			return nil, err
		}
		given = append(given, Override{Name: o.Name, Ref: ref})
	}
	return given, nil
}

func overrideArgs(prefix string, overrides []Override) []string {
	var args []string
	for _, o := range overrides {
		args = append(args, "--override-input", prefix+o.Name, o.Ref)
	}
	return args
}

// Resolve asks Nix what the reference stands for. It locks and fetches the
// inputs that are not locked yet; no lock file is written. Errors are a
// [*NoFlakeError] or a [*nixlog.EvalError] where the flake is to blame. In both cases
// the Flake is still given, with what is known of it.
func (c *Client) Resolve(ctx context.Context, ref string, o FlakeOptions) (Flake, error) {
	f := Flake{Ref: ref}
	overrides, err := c.overrides(o.Overrides)
	if err != nil {
		return f, err
	}
	if f.eval, err = c.nixRef(ref); err != nil {
		return f, err
	}
	if dir, scheme := flakeref.Folder(ref); dir != "" && scheme == "" {
		f.Checkout = gitRoot(dir)
		f.inGit = f.Checkout != ""
	}
	var m metadata
	args := overrideArgs("", overrides)
	q := question{flake: &f, call: call{sub: []string{"flake", "metadata"}, args: args, refs: []string{f.eval}, limit: c.limits.fetching(ctx)}}
	if _, err := c.evaluate(ctx, q, &f.described); err != nil {
		return f, f.resolveError(err)
	}
	if err := m.decode(f.described); err != nil {
		return f, err
	}
	c.store.learn(m.Path)
	if err := c.heed(ref, o.Overrides, m); err != nil {
		return f, err
	}
	if written := f.fill(m); written {
		if err := c.proveCarried(ctx, &f, args, m); err != nil {
			return f, f.resolveError(err)
		}
	}
	f.copy = c.copied(m)
	for _, o := range o.Overrides {
		if unknown, ok := f.locks.Unknown(o.Name); ok {
			f.Unknown = append(f.Unknown, unknown)
		}
	}
	return f, nil
}

// fill takes in an answer, and says whether the reference to evaluate is one that
// flakeci had to write itself.
func (f *Flake) fill(m metadata) (written bool) {
	f.Locked, f.Rev, f.StorePath, f.locks = m.Resolved.Complete(m.URL), m.Revision, m.Path, m.Locks
	f.Dir = m.Resolved.Dir
	f.Dirty = m.Resolved.Type == "git" && m.Revision == ""
	f.Checkout, f.inGit = m.Resolved.Folder()
	// A revision names the same tree for every evaluation of the run. A dirty
	// tree has no such name, and a path is hashed anew each time.
	of := m.ResolvedURL
	if m.Revision != "" {
		of = m.URL
	}
	f.eval = m.Resolved.Complete(of)
	return f.eval != of
}

// copied is the reference to Nix's copy of a folder without git, or "" for anything else.
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

// reference is what to evaluate. Of a folder without git it is the copy that Nix made
// when it was resolved, for as long as nobody collects that: flakeci writes artifacts
// into the folder itself, and each evaluation would be of another flake.
func (f *Flake) reference() string {
	if _, err := os.Lstat(f.StorePath); f.copy != "" && err == nil {
		return f.copy
	}
	return f.eval
}
