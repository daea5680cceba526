package nix

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// chain returns a host that needs mid, which needs leaf.
func chain() files {
	return toplevel(`leaf = sh "leaf-1.0" "echo leaf > $out" { };`,
		`mid = sh "mid-2.0-lib" "echo ${leaf} > $out" { };`, `top = sh "top" "echo ${mid} $out > $out" { };`)
}

// with returns the world's client with more options in every call.
func (w *world) with(args ...string) *Client {
	c := *w.client
	c.common = slices.Concat(c.common, args)
	c.config = nil // it was read without them
	return &c
}

// elsewhere returns the client with a store of its own and with substituters.
func (w *world) elsewhere(store string, substituters ...string) *Client {
	return w.with("--store", "local?root="+filepath.Join(w.scratch, store), "--option", "substituters", strings.Join(substituters, " "))
}

// builtFrom builds the host "bad" of a flake and returns its output.
func (w *world) builtFrom(ref string) string {
	w.Helper()
	target, err := w.open(ref, FlakeOptions{})
	if err != nil {
		w.Fatal(err)
	}
	in, err := w.host(target, "bad")
	if err != nil {
		w.Fatal(err)
	}
	if res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{}); err != nil || len(res.Failures) > 0 {
		w.Fatalf("result %+v, error %v", res, err)
	}
	return in.Outputs["out"]
}

func (w *world) closure(c *Client, paths ...string) Closure {
	w.Helper()
	closure, err := c.Closures(w.tmp).Of(w.Context(), paths)
	if err != nil {
		w.Fatal(err)
	}
	return closure
}

func (w *world) missing(c *Client, paths ...string) *MissingError {
	w.Helper()
	closure, err := c.Closures(w.tmp).Of(w.Context(), paths)
	var missing *MissingError
	if !errors.As(err, &missing) {
		w.Fatalf("closure %v, error %v", closure, err)
	}
	return missing
}

// copy copies the closure of a path to a store. Then it removes some paths from it, which
// must be a binary cache.
func (w *world) copy(store, path string, without ...string) {
	w.Helper()
	_, err := w.client.run(w.Context(), call{sub: []string{"copy"}, args: []string{"--no-check-sigs", "--to", store, path}})
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range without {
		name := filepath.Join(strings.TrimPrefix(store, "file://"), filepath.Base(p)[:32]+".narinfo")
		// In a replay there is no such file.
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.Fatal(err)
		}
	}
}

func (c Closure) names() string {
	var names []string
	for path := range c {
		names = append(names, storepath.Name(path))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (c Closure) named(t testing.TB, name string) string {
	t.Helper()
	for path := range c {
		if storepath.Name(path) == name {
			return path
		}
	}
	t.Fatalf("no %s among %s", name, c.names())
	return ""
}

// A closure is found in several places together: the store, a cache of one's own without the
// paths that are upstream, and upstream.
func TestClosures(t *testing.T) {
	testScenarios(t, []scenario{{name: "closure", tracked: chain(), ask: func(w *world) {
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		if e := w.missing(w.client, in.Outputs["out"]); e.Error() != "top is not in the store, and there is no substituter" {
			w.Error(e)
		}
		top := w.builtFrom(w.dir)
		want := w.closure(w.client, top)
		if want.names() != "leaf-1.0 mid-2.0-lib top" || slices.Min(slices.Collect(maps.Values(want))) < 100 {
			w.Fatalf("closure is %v", want)
		}
		leaf, mid := want.named(w.T, "leaf-1.0"), want.named(w.T, "mid-2.0-lib")
		own, upstream := "file://"+w.scratch+"/own", "file://"+w.scratch+"/upstream"
		const dead, nobody = "http://user:secret@127.0.0.1:9", "http://127.0.0.1:9?priority=1"
		w.copy(own, top, leaf)
		w.copy(upstream, leaf)
		w.copy("local?root="+filepath.Join(w.scratch, "some"), leaf)

		for _, c := range []*Client{w.elsewhere("empty", own, upstream), w.elsewhere("empty", upstream, own, dead), w.elsewhere("some", own)} {
			if got := w.closure(c, top, mid, top); !maps.Equal(got, want) {
				w.Errorf("closure is %v, want %v", got, want)
			}
		}
		if got := w.closure(w.elsewhere("some"), leaf); len(got) != 1 {
			w.Errorf("closure is %v", got)
		}
		none := w.elsewhere("empty", own)
		none.common = append(none.common, "--option", "substitute", "false")
		for _, tt := range []struct {
			client *Client
			want   string
		}{
			{w.elsewhere("empty", own), "leaf-1.0 is in neither the store nor a substituter"},
			{w.elsewhere("empty", upstream), "mid-2.0-lib and 1 other path are in neither the store nor a substituter"},
			{none, "mid-2.0-lib and 1 other path are not in the store, and there is no substituter"},
			{w.elsewhere("empty", dead, own), "leaf-1.0 is not in the store, and a substituter could not be queried: http://127.0.0.1:9: unable to download 'http://127.0.0.1:9/nix-cache-info': "},
			{w.elsewhere("empty", dead, own, nobody), "leaf-1.0 is not in the store, and 2 substituters could not be queried, the first of them http://127.0.0.1:9: unable"},
		} {
			if e := w.missing(tt.client, mid, top); !strings.HasPrefix(e.Error(), tt.want) || strings.Contains(e.Error(), "secret") || strings.Contains(e.Error(), "priority") {
				w.Errorf("error is %q, want %q", e, tt.want)
			}
		}
	}}})
}
