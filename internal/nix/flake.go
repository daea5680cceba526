package nix

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
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
	// Checkout is the root of the local working tree, empty for a remote flake.
	Checkout string
	// Dir is the flake's folder below the root, empty for the root.
	Dir string

	eval  string // the reference to evaluate: locked where that is possible
	locks lockFile
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
	URL         string      `json:"url"`
	ResolvedURL string      `json:"resolvedUrl"`
	Revision    string      `json:"revision"`
	Path        string      `json:"path"`
	Locked      flakeSource `json:"locked"`
	Resolved    flakeSource `json:"resolved"`
	Locks       lockFile    `json:"locks"`
}

type flakeSource struct {
	Type string `json:"type"`
	URL  string `json:"url"`
	Path string `json:"path"`
	Dir  string `json:"dir"`
	Rev  string `json:"rev"`
}

// lockFile is the graph of inputs: nodes by name, each with its inputs, which
// are node names or, where they follow another, paths from the root.
type lockFile struct {
	Nodes map[string]lockNode `json:"nodes"`
	Root  string              `json:"root"`
}

type lockNode struct {
	Inputs map[string]json.RawMessage `json:"inputs"`
	Locked flakeSource                `json:"locked"`
}

// LocalRef makes an existing folder an absolute path, so that a person can
// write examples/fleet, which Nix would look up in its registry. Everything
// else, and all that follows a scheme other than path:, is left to Nix.
func LocalRef(ref string) string {
	dir, scheme := ref, ""
	if rest, ok := strings.CutPrefix(ref, "path:"); ok {
		dir, scheme = rest, "path:"
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return ref
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ref
	}
	// Nix reads # and ? as the end of the path.
	if strings.ContainsAny(abs, "#?%") && scheme == "" {
		return ref
	}
	return scheme + abs
}

func overrideArgs(prefix string, overrides []Override) []string {
	var args []string
	for _, o := range overrides {
		args = append(args, "--override-input", prefix+o.Name, LocalRef(o.Ref))
	}
	return args
}

// Resolve asks Nix what the reference stands for. It locks and fetches the
// inputs that are not locked yet; no lock file is written. Errors are a
// [*NoFlakeError] or an [*EvalError] where the flake is to blame. In both cases
// the Flake is still given, with what is known of it.
func (c *Client) Resolve(ctx context.Context, ref string, o FlakeOptions) (Flake, error) {
	f := Flake{Ref: ref, eval: LocalRef(ref)}
	if filepath.IsAbs(f.eval) {
		f.Checkout = gitRoot(f.eval)
	}
	var m metadata
	args := append([]string{f.eval}, overrideArgs("", o.Overrides)...)
	if _, err := c.evaluate(ctx, &f, []string{"flake", "metadata"}, &m, args...); err != nil {
		return f, f.resolveError(err)
	}
	f.fill(m)
	return f, nil
}

func (f *Flake) fill(m metadata) {
	f.Locked, f.Rev, f.StorePath, f.locks = m.URL, m.Revision, m.Path, m.Locks
	f.Dir = m.Resolved.Dir
	f.Dirty = m.Resolved.Type == "git" && m.Revision == ""
	switch m.Resolved.Type {
	case "git":
		if u, err := url.Parse(m.Resolved.URL); err == nil && u.Scheme == "file" {
			f.Checkout = u.Path
		}
	case "path":
		f.Checkout = m.Resolved.Path
	}
	// A revision names the same tree for every evaluation of the run. A dirty
	// tree has no such name, and a path is hashed anew each time.
	f.eval = m.ResolvedURL
	if m.Revision != "" {
		f.eval = m.URL
	}
}

// resolveError tells a reference without a flake from a flake at fault.
func (f *Flake) resolveError(err error) error {
	var e *EvalError
	if !errors.As(err, &e) {
		return err
	}
	missing := noFlakeRE.MatchString(e.Message) || filepath.Base(e.Untracked) == "flake.nix"
	if e.Input == nil && e.Place.File == "" && missing {
		nf := &NoFlakeError{Ref: f.Ref, Reason: e.Message}
		if _, statErr := os.Stat(filepath.Join(f.eval, "flake.nix")); statErr == nil {
			nf.Untracked = "flake.nix"
		}
		return nf
	}
	return e
}

// untracked finds the file that an error calls missing in the checkout.
func (f *Flake) untracked(msg string) string {
	m := missingRE.FindStringSubmatch(msg)
	if m == nil || f.Checkout == "" {
		return ""
	}
	rel, ok := f.relative(m[1])
	if !ok {
		if filepath.IsAbs(m[1]) {
			return ""
		}
		rel = m[1]
	}
	if _, err := os.Stat(filepath.Join(f.Checkout, rel)); err != nil {
		return ""
	}
	if gitRoot(f.Checkout) == "" {
		return ""
	}
	return rel
}

// gitRoot is the nearest folder at or above dir that holds .git, or "".
func gitRoot(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// nameOf finds the path from the root of the input that is fetched from url.
func (l lockFile) nameOf(fetched string) string {
	type item struct{ node, path string }
	queue, seen := []item{{l.Root, ""}}, map[string]bool{}
	for len(queue) > 0 {
		it := queue[0]
		queue = queue[1:]
		if seen[it.node] {
			continue
		}
		seen[it.node] = true
		node := l.Nodes[it.node]
		if it.path != "" && node.Locked.matches(fetched) {
			return it.path
		}
		names := make([]string, 0, len(node.Inputs))
		for name := range node.Inputs {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			var target string
			if json.Unmarshal(node.Inputs[name], &target) == nil {
				queue = append(queue, item{target, strings.TrimPrefix(it.path+"/"+name, "/")})
			}
		}
	}
	return ""
}

// matches says whether a URL as Nix prints it in an error is this source.
func (s flakeSource) matches(fetched string) bool {
	if s.Rev != "" && strings.Contains(fetched, s.Rev) {
		return true
	}
	return s.URL != "" && strings.Contains(fetched, s.URL)
}
