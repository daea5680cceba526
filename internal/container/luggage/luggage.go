// Package luggage decides what a run in a container needs of this machine's files, and writes it
// with package pack.
package luggage

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/container/pack"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Luggage is what a run needs, and its arguments.
type Luggage struct {
	// Args are the arguments of flakeci in the container.
	Args []string
	// Dir is the working directory there, as here.
	Dir string
	// Output is a folder that the run writes, which stays here.
	Output string

	top       string            // the folder of the flake and its repository, or empty
	checkouts []string          // folders in git repositories
	trees     map[string]string // other files and folders, by their path in the container
}

// New returns the luggage for a run of a flake.
func New(ref string) (Luggage, error) {
	dir, err := safefile.WorkingDir()
	if err != nil {
		return Luggage{}, err
	}
	l := Luggage{Dir: dir, trees: map[string]string{}}
	parsed := flakeref.Parse(ref)
	if parsed.Dir != "" && l.at(strings.TrimPrefix(ref, "path:")) != parsed.Dir {
		ref = parsed.Absolute() // a link leads there, which the container does not have
	}
	if parsed.Dir != "" {
		l.top = cmp.Or(git.Root(parsed.Dir), parsed.FlakeFolder())
	}
	l.Args = []string{"run", ref}
	l.AddRef(ref)
	return l, nil
}

// Outside reports whether a reference names a folder that is not of the flake, also by way of a
// link. A stranger's flakeci.toml must not take one along: what is built in the container can read
// it, and send it away. Everyone may read the Nix store.
func (l *Luggage) Outside(ref string) bool {
	path, _ := folder(ref)
	real := flakeref.Parse(path).Dir
	if real == "" || inStore(real) {
		return false
	}
	rel, err := filepath.Rel(l.top, real)
	return l.top == "" || err != nil || !filepath.IsLocal(rel) || strings.Contains(real+"/", "/.git/")
}

// at returns the path of a file in the container.
func (l *Luggage) at(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.Dir, path)
}

// AddRef adds the folder of a flake reference, if it names one.
func (l *Luggage) AddRef(ref string) {
	path, whole := folder(ref)
	st, err := os.Stat(path)
	if path == "" || err != nil || !st.IsDir() || inStore(l.at(path)) {
		return
	}
	real := flakeref.Parse(path).Dir
	switch {
	case real == "":
	case whole:
		l.trees[l.at(path)] = real
	case git.Root(real) != "":
		l.checkouts = append(l.checkouts, real)
	default:
		if flake := flakeref.Parse(real).FlakeFolder(); flake != "" {
			real = flake // upwards, as Nix looks for it
			l.trees[real] = real
			return
		}
		l.trees[l.at(path)] = real
	}
}

// inputsDir has inputs that are in the Nix store of this machine. In the store of the container they
// would be files that Nix does not know.
const inputsDir = "/flakeci/inputs"

func inStore(path string) bool { return strings.HasPrefix(path, "/nix/store/") }

// AddOverride adds an input that replaces one of the flake. Nix takes the last one for a name, so
// this comes after [Luggage.AddPair].
func (l *Luggage) AddOverride(name, ref string) {
	path, whole := folder(ref)
	real := flakeref.Parse(path).Dir
	if !whole && !filepath.IsAbs(ref) || real == "" || !inStore(real) {
		l.AddRef(ref)
		return
	}
	at := filepath.Join(inputsDir, strings.TrimPrefix(real, "/nix/store/"))
	l.trees[at] = real
	l.AddPair("--override-input", [2]string{name, "path:" + at})
}

// folder returns the path in a flake reference, and whether Nix takes everything there or only
// what git knows.
func folder(ref string) (path string, whole bool) {
	for _, scheme := range []string{"git+file://", "git+file:", "path:", "file://"} {
		rest, found := strings.CutPrefix(ref, scheme)
		if !found {
			continue
		}
		rest, _, _ = strings.Cut(rest, "?")
		if decoded, err := url.PathUnescape(rest); err == nil {
			rest = decoded
		}
		return rest, scheme == "path:"
	}
	return ref, false
}

// AddPair adds a flag with two values.
func (l *Luggage) AddPair(flag string, pair [2]string) {
	l.Args = append(l.Args, flag, pair[0], pair[1])
}

// AddFile adds a flag that names a file or folder to read.
func (l *Luggage) AddFile(flag, path string) {
	l.Args = append(l.Args, flag+"="+path)
	l.AddPath(path)
}

// AddStore adds a flag that names a store to read. Only a binary cache in a folder goes along.
func (l *Luggage) AddStore(flag, store string) {
	l.Args = append(l.Args, flag+"="+store)
	if path, _ := folder(store); strings.HasPrefix(store, "file://") {
		l.AddPath(path)
	}
}

// AddPath adds a file or folder, if it exists.
func (l *Luggage) AddPath(path string) {
	if _, err := os.Stat(path); err != nil {
		return // flakeci reports it there
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		l.trees[l.at(path)] = real
	}
}

// Write writes everything.
func (l *Luggage) Write(ctx context.Context, w *pack.Writer) error {
	if l.Output != "" {
		w.Skip = l.at(l.Output)
	}
	for _, dir := range l.checkouts {
		if err := w.Checkout(ctx, dir); err != nil {
			return err
		}
	}
	for at, from := range l.trees {
		if at == "/" || at == "/nix" {
			return fmt.Errorf("%s is too much to copy", at)
		}
		if err := w.Tree(from, at); err != nil {
			return err
		}
	}
	return w.Folder(l.Dir)
}
