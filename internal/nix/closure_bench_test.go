package nix

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// fleetPaths returns what a host of some size needs: every path mentions a dozen others. The
// last one mentions sixty of them, and a path that mentions all others.
func fleetPaths(n int) []pathInfo {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]pathInfo, n)
	for i := range all {
		hash := make([]byte, 32)
		for j := range hash {
			hash[j] = "0123456789abcdfghijklmnpqrsvwxyz"[random.IntN(32)]
		}
		refs := map[string]bool{}
		for range min(i, 12) {
			refs[all[int(float64(i)*random.Float64()*random.Float64())].Path] = true
		}
		switch i {
		case n - 2:
			for _, p := range all[:i] {
				refs[p.Path] = true
			}
		case n - 1:
			for range 60 {
				refs[all[random.IntN(i)].Path] = true
			}
			refs[all[i-1].Path] = true
		}
		all[i] = pathInfo{Path: fmt.Sprintf("/nix/store/%s-package%d-1.%d", hash, i, random.IntN(30)), NarSize: 1 + random.Int64N(1e7)}
		for ref := range refs {
			all[i].References = append(all[i].References, ref)
		}
		slices.Sort(all[i].References)
	}
	return all
}

// asCache writes a binary cache with the paths.
func asCache(b *testing.B, dir string, paths []pathInfo) {
	b.Helper()
	f := files{"nix-cache-info": "StoreDir: /nix/store\n"}
	for _, p := range paths {
		refs := strings.ReplaceAll(strings.Join(p.References, " "), "/nix/store/", "")
		f[narinfo(p.Path)] = fmt.Sprintf("StorePath: %s\nURL: nar/x.nar\nCompression: none\nNarHash: sha256:%s\nNarSize: %d\nReferences: %s\n", p.Path, strings.Repeat("0", 52), p.NarSize, refs)
	}
	f.write(b, dir, strings.NewReplacer())
}

// asStore makes a store with the paths in its database, but not on disk.
func asStore(b *testing.B, nix, root string, paths []pathInfo) {
	b.Helper()
	var db strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&db, "%s\n%s\n%d\n\n%d\n", p.Path, strings.Repeat("0", 64), p.NarSize, len(p.References))
		for _, ref := range p.References {
			fmt.Fprintln(&db, ref)
		}
	}
	// The old commands are the same binary under other names.
	store := filepath.Join(b.TempDir(), "nix-store")
	if err := os.Symlink(nix, store); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(store, "--store", "local?root="+root, "--load-db")
	cmd.Env, cmd.Stdin = testEnv(), strings.NewReader(db.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// The closure has 3000 paths. They are in the store, in a binary cache in a folder, in one
// that answers after 30 milliseconds, or half in the store and half in that cache.
func BenchmarkClosure(b *testing.B) {
	const count, delay = 3000, 30 * time.Millisecond
	lane, dir := lanes.Newest(b), b.TempDir()
	paths := fleetPaths(count)
	top := []string{paths[count-1].Path}
	cache, whole, half := filepath.Join(dir, "cache"), filepath.Join(dir, "whole"), filepath.Join(dir, "half")
	asCache(b, cache, paths)
	asStore(b, lane.Nix, whole, paths)
	asStore(b, lane.Nix, half, paths[:count/2])
	served := http.FileServer(http.Dir(cache))
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		served.ServeHTTP(rw, r)
	}))
	defer slow.Close()

	for _, bb := range []struct{ name, store, substituter string }{
		{"store", whole, ""}, {"folder", filepath.Join(dir, "empty"), "file://" + cache},
		{"http", filepath.Join(dir, "empty"), slow.URL}, {"half-http", half, slow.URL},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				o := Options{Path: lane.Nix, Store: "local?root=" + bb.store, Settings: [][2]string{{"substituters", bb.substituter}}, Env: []string{"XDG_CACHE_HOME=" + b.TempDir()}}
				c := newClient(testOptions(o))
				c.Version = versionOf(b, lane)
				closures := c.Closures(b.TempDir())
				if closure, err := closures.Of(b.Context(), top); err != nil || len(closure) != count {
					b.Fatalf("%d paths, %v", len(closure), err)
				}
			}
		})
	}
}
