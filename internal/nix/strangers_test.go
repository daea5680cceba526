package nix

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// strangers returns what a flake, a report or a journal could have in place of a store path.
func strangers() []string {
	const hash = "/00000000000000000000000000000000-"
	return []string{
		"--store", "-f", "--option", "-", "--", "", ".", "/", "x", "nixpkgs", "github:a/b", "path:.",
		"ssh-ng://localhost?remote-program=/tmp/evil", "local?root=/tmp/evil", "--store=ssh-ng://localhost",
		"/nix/store/../../etc", "/nix/store/..", "/nix/store", "/nix/store/x^*", "/nix/store/x.drv", "/etc/passwd",
		hash + "x.drv", "/nix/store" + hash + "x.drv^*", "/nix/store" + hash + "x.drv!out", "/nix/store" + hash + "x#y.drv", "/nix?/store" + hash + "x.drv",
		"/nix/store/../../tmp" + hash + "x.drv", "//nix/store" + hash + "x.drv", "/nix/./store" + hash + "x.drv", "nix/store" + hash + "x.drv",
		"/nix/store" + hash + "x.drv\n--store", "/nix/store" + hash + "x.drv\x00", "/nix/store" + hash + "x.drv ", " /nix/store" + hash + "x.drv",
		"-/nix/store" + hash + "x.drv", "/nix/store" + hash + "x/y.drv", "/nix/store" + hash + strings.Repeat("x", 300) + ".drv",
		"/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9",
	}
}

// recordingNix records its arguments and its stdin, in a folder for each call.
type recordingNix struct {
	*testing.T
	dir    string
	client *Client
}

// newRecordingNix returns a Nix whose store is /nix/store, and is empty.
func newRecordingNix(t *testing.T, v Version) *recordingNix {
	t.Helper()
	dir := t.TempDir()
	client := fakeNix(t, `i=1
until mkdir "`+dir+`/$i" 2>/dev/null; do i=$((i + 1)); done
for word; do printf '%s\0' "$word"; done >"`+dir+`/$i/args"
cat >"`+dir+`/$i/stdin"
case "$1 $2" in
show-config*) echo '{"system": {"value": "x86_64-linux"}, "substitute": {"value": true}, "substituters": {"value": ["https://cache.example.org"]}}' ;;
path-info*) echo '{}' ;;
"flake metadata") echo '{"url": "path:/x", "resolvedUrl": "path:/x", "path": "/nix/store/00000000000000000000000000000000-source",
	"locked": {"type": "path"}, "resolved": {"type": "path"}, "locks": {"nodes": {"root": {}}, "root": "root"}}' ;;
*) echo '{}' ;;
esac
`)
	client.Version = v
	return &recordingNix{t, dir, client}
}

// recordedCall has the arguments before the one that ends options, and those after it or on
// stdin.
type recordedCall struct {
	options, operands []string
}

// calls returns the calls since it was last called.
func (n *recordingNix) calls() []recordedCall {
	n.Helper()
	dirs, err := filepath.Glob(n.dir + "/*")
	if err != nil {
		n.Fatal(err)
	}
	var list []recordedCall
	for _, dir := range dirs {
		args, err1 := os.ReadFile(dir + "/args")
		input, err2 := os.ReadFile(dir + "/stdin")
		if err := errors.Join(err1, err2, os.RemoveAll(dir)); err != nil {
			n.Fatal(err)
		}
		words := strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00")
		c := recordedCall{options: words}
		if i := slices.Index(words, "--"); i >= 0 {
			c.options, c.operands = words[:i], words[i+1:]
		}
		if slices.Contains(c.options, "--stdin") {
			c.operands = append(c.operands, strings.Split(strings.TrimSuffix(string(input), "\n"), "\n")...)
		}
		list = append(list, c)
	}
	return list
}

// asks lists the public methods that take store paths.
func (n *recordingNix) asks() map[string]func(paths []string) error {
	c, ctx := n.client, n.Context()
	return map[string]func([]string) error{
		"Closures.Of":     func(p []string) error { _, err := c.Closures(n.TempDir()).Of(ctx, p); return err },
		"Missing":         func(p []string) error { _, err := c.Missing(ctx, p[0], p); return err },
		"Missing outputs": func(p []string) error { _, err := c.Missing(ctx, p[0], nil); return err },
		"Needs":           func(p []string) error { _, err := c.Needs(ctx, p); return err },
		"Root":            func(p []string) error { return c.Root(ctx, filepath.Join(n.TempDir(), "link"), p) },
		"Copy":            func(p []string) error { _, err := c.Copy(ctx, p, CopyOptions{To: "file:///cache"}); return err },
		"CopyDerivations": func(p []string) error { return c.CopyDerivations(ctx, "", "file:///cache", p) },
		"Signed":          func(p []string) error { _, err := c.Signed(ctx, p); return err },
		"Log":             func(p []string) error { return c.Log(ctx, p[0], io.Discard) },
		"Build":           func(p []string) error { _, err := c.Build(ctx, p, 1, nixlog.BuildWatcher{}); return err },
		"Fetch":           func(p []string) error { return c.Fetch(ctx, p...) },
		"Present":         func(p []string) error { _, _, err := c.Present(ctx, p); return err },
		"Delete":          func(p []string) error { return c.Delete(ctx, p) },
		"DryRun":          func(p []string) error { _, err := c.DryRun(ctx, p...); return err },
	}
}

// Every method that takes texts is either tested here with strangers' words, or known to take
// no store paths.
func TestEveryMethodWithPathsIsTested(t *testing.T) {
	t.Parallel()
	others := []string{"Closures", "MayLack", "Open", "RefAt", "Resolve"} // take flakeci's own folders, references, and paths that Nix does not get
	n := newRecordingNix(t, Version{2, 34, 8})
	asked := n.asks()
	for _, of := range []reflect.Type{reflect.TypeFor[*Client](), reflect.TypeFor[*Closures]()} {
		for i := range of.NumMethod() {
			m := of.Method(i)
			texts := false
			for k := 1; k < m.Type.NumIn(); k++ {
				in := m.Type.In(k)
				texts = texts || in.Kind() == reflect.String || in.Kind() == reflect.Slice && in.Elem().Kind() == reflect.String
			}
			_, is := asked[m.Name]
			if texts && !is && asked[of.Elem().Name()+"."+m.Name] == nil && !slices.Contains(others, m.Name) {
				t.Errorf("%s of %s takes texts, and is not tested", m.Name, of)
			}
		}
	}
}

// If a flake, a report or a journal has anything else in place of a store path, the call
// fails, and Nix gets it neither as an option nor as a flake.
func TestStrangersWordsDoNotReachNix(t *testing.T) {
	t.Parallel()
	const good = "/nix/store/00000000000000000000000000000000-x.drv"
	for _, v := range []Version{{2, 8, 0}, {2, 26, 3}, {2, 34, 8}} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			n := newRecordingNix(t, v)
			for name, ask := range n.asks() {
				for _, word := range strangers() {
					for _, paths := range [][]string{{word}, {word, good}} {
						err := ask(paths)
						calls := n.calls()
						for _, c := range calls {
							if c.options[0] != "show-config" {
								t.Errorf("%s %q: Nix is given %q", name, paths, c)
							}
						}
						// Old versions cannot keep derivations from being collected.
						if skipped := strings.HasSuffix(word, ".drv") && name == "Root"; err == nil && !(skipped && len(calls) == 0) {
							t.Errorf("%s %q: no error", name, paths)
						}
					}
				}
			}
		})
	}
}

// Arguments that are not flakeci's own come after the one that ends options, or on stdin.
func TestPathsComeAfterOptions(t *testing.T) {
	t.Parallel()
	var paths []string
	for i := range minPrefetch + 5 {
		paths = append(paths, fmt.Sprintf("/nix/store/%032d-x", i))
	}
	for _, v := range []Version{{2, 8, 0}, {2, 26, 3}, {2, 34, 8}} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			n := newRecordingNix(t, v)
			for name, ask := range n.asks() {
				_ = ask(paths) // none of them exists
				seen := 0
				for _, c := range n.calls() {
					for _, p := range paths {
						if slices.ContainsFunc(c.options, func(s string) bool { return strings.Contains(s, p) }) {
							t.Errorf("%s: among options is %s: %q", name, p, c)
						}
					}
					if slices.ContainsFunc(c.operands, func(s string) bool { return strings.HasPrefix(s, paths[0]) }) {
						seen++
					}
				}
				// For a closure, Nix asks the store, then all substituters together, then each.
				if want := map[string]int{"Closures.Of": 3}[name]; seen < max(1, want) {
					t.Errorf("%s: %d calls name a path", name, seen)
				}
			}
			for _, ref := range []string{"--store", "-f", "ssh-ng://localhost?remote-program=/tmp/evil"} {
				target, err := n.client.Open(t.Context(), ref, FlakeOptions{Overrides: []Override{{Name: "--store", Ref: "ssh-ng://localhost"}}}, t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				_, _ = target.show(t.Context())
				_, _ = target.Eval(t.Context(), "f: { }", new(any))
				calls := n.calls()
				if len(calls) < 3 {
					t.Errorf("%d calls", len(calls))
				}
				for _, c := range calls {
					if i := slices.Index(c.options, ref); i >= 0 && c.options[max(0, i-1)] != "--override-input" {
						t.Errorf("%s: among options: %q", ref, c)
					}
					if c.options[0] != "show-config" && len(c.operands) != 1 {
						t.Errorf("%s: its operands are %q", ref, c.operands)
					}
				}
			}
		})
	}
}

// The first flake shows where the store is. A path elsewhere is not a store path.
func TestPathsOfAnotherStore(t *testing.T) {
	t.Parallel()
	n := newRecordingNix(t, Version{2, 34, 8})
	if _, err := n.client.Resolve(t.Context(), "github:o/r", FlakeOptions{}); err != nil {
		t.Fatal(err)
	}
	n.calls()
	elsewhere := "/checkout/00000000000000000000000000000000-x.drv"
	for name, ask := range n.asks() {
		err := ask([]string{elsewhere})
		var wrong *storepath.Error
		if !errors.As(err, &wrong) || wrong.Error() != `"/checkout/00000000000000000000000000000000-x.drv" is not in /nix/store` {
			t.Errorf("%s: error is %v", name, err)
		}
		if calls := n.calls(); len(calls) > 0 {
			t.Errorf("%s: Nix is given %q", name, calls)
		}
	}
}

// Without any operand, Nix would take the flake in the current folder.
func TestWithoutPathsNixIsNotCalled(t *testing.T) {
	t.Parallel()
	n := newRecordingNix(t, Version{2, 34, 8})
	for name, ask := range n.asks() {
		if strings.HasPrefix(name, "Missing") || name == "Log" {
			continue // they take one derivation
		}
		if err := ask(nil); err != nil || len(n.calls()) > 0 {
			t.Errorf("%s: Nix is called, or there is an error: %v", name, err)
		}
	}
}

// The references in a substituter's answer are a stranger's words, too.
func TestStrangersReferences(t *testing.T) {
	t.Parallel()
	n := newRecordingNix(t, Version{2, 34, 8})
	closures := n.client.Closures(t.TempDir())
	const top = "/nix/store/00000000000000000000000000000000-x"
	closures.known[top] = pathInfo{Path: top, References: []string{"--store", "ssh-ng://localhost"}}
	var wrong *storepath.Error
	if _, err := closures.Of(t.Context(), []string{top}); !errors.As(err, &wrong) || len(n.calls()) > 0 {
		t.Errorf("error is %v", err)
	}
}
