package nix

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/recordings"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// binaryCache is served over HTTP.
type binaryCache struct {
	*httptest.Server

	mu    sync.Mutex
	asked map[string]int // for each "METHOD /path"
}

// binaryCache serves a folder. The function odd, if it is not nil, returns true for a
// request that it answers itself.
func (w *world) binaryCache(folder string, odd func(rw http.ResponseWriter, r *http.Request) bool) *binaryCache {
	b := &binaryCache{asked: map[string]int{}}
	files := http.FileServer(http.Dir(folder))
	b.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked[r.Method+" "+r.URL.Path]++
		b.mu.Unlock()
		if odd == nil || !odd(rw, r) {
			files.ServeHTTP(rw, r)
		}
	}))
	w.Cleanup(func() {
		b.CloseClientConnections()
		b.Close()
	})
	return b
}

// hang answers only when the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	return true
}

// wide builds a host that needs mid, which needs many leaves, and copies it to a binary
// cache.
func (w *world) wide() (top string, want Closure, folder string) {
	w.Helper()
	dir := filepath.Join(w.scratch, "wide")
	toplevel(`leaves = builtins.genList (i: sh "leaf-${toString i}" "echo > $out" { }) 15;`,
		`mid = sh "mid" "echo ${builtins.concatStringsSep " " leaves} > $out" { };`, `top = sh "top" "echo ${mid} > $out" { };`).
		write(w.T, dir, strings.NewReplacer("@NONCE@", w.scratch))
	top, folder = w.builtFrom("path:"+dir), filepath.Join(w.scratch, "served")
	want = w.closure(w.client, top)
	if len(want) != 17 {
		w.Fatalf("closure is %s", want.names())
	}
	w.copy("file://"+folder, top)
	return top, want, folder
}

func narinfo(path string) string { return "/" + filepath.Base(path)[:32] + ".narinfo" }

func TestClosuresOverHTTP(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	eachLane(t, func(w *world) {
		top, want, folder := w.wide()
		leaf := want.named(w.T, "leaf-7")

		served := w.binaryCache(folder, nil)
		tmp := filepath.Join(w.tmp, "a b&c+d")
		if err := os.Mkdir(tmp, 0o755); err != nil {
			w.Fatal(err)
		}
		closures := w.elsewhere("empty", served.URL).Closures(tmp)
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if got, err := closures.Of(w.Context(), []string{top}); err != nil || !maps.Equal(got, want) {
					w.Errorf("closure is %v, want %v: %v", got, want, err)
				}
			})
		}
		group.Wait()
		for path := range want {
			if n := served.asked["GET "+narinfo(path)]; n != 1 {
				w.Errorf("%s was fetched %d times", path, n)
			}
		}
		// There are so many leaves that they are looked up together.
		if n := served.asked["HEAD "+narinfo(leaf)]; n != 0 {
			w.Errorf("%s was looked up on its own %d times", leaf, n)
		}
		if left, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || left != nil {
			w.Errorf("%q is left, %v", left, err)
		}

		for name, tt := range map[string]struct {
			odd    func(rw http.ResponseWriter, r *http.Request) bool
			names  string
			reason string
		}{
			"broken": {func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != narinfo(leaf) {
					return false
				}
				http.Error(rw, "<html>\nall is lost", http.StatusInternalServerError)
				return true
			}, "leaf-", "HTTP error 500|" + poolError},
			"closed": {func(rw http.ResponseWriter, r *http.Request) bool {
				http.Error(rw, "<html>\nwho are you", http.StatusUnauthorized)
				return true
			}, "top", "HTTP error 401|does not appear to be a binary cache"},
			"garbled": {func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == narinfo(leaf) {
					fmt.Fprint(rw, "not a narinfo")
				}
				return r.URL.Path == narinfo(leaf)
			}, "leaf-", "corrupt|" + poolError},
			"other store": {func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/nix-cache-info" {
					fmt.Fprint(rw, "StoreDir: /elsewhere/store\n")
				}
				return r.URL.Path == "/nix-cache-info"
			}, "top", "/elsewhere/store"},
		} {
			odd := w.binaryCache(folder, tt.odd)
			e := w.missing(w.elsewhere("empty", odd.URL), top)
			if !strings.HasPrefix(storepath.Name(e.Paths[0]), tt.names) || len(e.Failed) != 1 || e.Failed[0].URL != odd.URL || !regexp.MustCompile(tt.reason).MatchString(e.Failed[0].Reason) || strings.ContainsAny(e.Error(), "\n<") {
				w.Errorf("%s: error is %q", name, e)
			}
			// Another substituter has everything.
			if got := w.closure(w.elsewhere("empty", odd.URL, served.URL), top); !maps.Equal(got, want) {
				w.Errorf("%s: closure is %v", name, got)
			}
		}
	})
}

// poolError sometimes replaces the error of a request in Nix 2.34, if that ends its thread
// pool while it queues another request.
const poolError = "thread pool is shutting down"

// A path that was missing a moment ago may be there now, whatever Nix remembers.
func TestClosuresAskAgain(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	eachLane(t, func(w *world) {
		top, want, folder := w.wide()
		for _, name := range []string{"leaf-3", "mid", "top"} {
			served := w.binaryCache(folder, nil) // nothing of it is remembered
			file := folder + narinfo(want.named(w.T, name))
			if err := os.Rename(file, file+".not-yet"); err != nil {
				w.Fatal(err)
			}
			closures := w.elsewhere("empty", served.URL).Closures(w.tmp)
			if _, err := closures.Of(w.Context(), []string{top}); err == nil || !strings.HasPrefix(err.Error(), name+" is in neither the store nor a substituter") {
				w.Errorf("error is %v", err)
			}
			if err := os.Rename(file+".not-yet", file); err != nil {
				w.Fatal(err)
			}
			if got, err := closures.Of(w.Context(), []string{top}); err != nil || !maps.Equal(got, want) {
				w.Errorf("closure is %v, error %v", got, err)
			}
		}
	})
}

// Waiting for a substituter that does not answer is short, and happens once.
func TestSilentSubstituter(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachLane(t, func(w *world) {
		top, _, folder := w.wide()
		var asked atomic.Int32
		silent := w.binaryCache(folder, func(rw http.ResponseWriter, r *http.Request) bool {
			asked.Add(1)
			return hang(rw, r)
		})
		closures := w.elsewhere("empty", silent.URL).Closures(w.tmp)
		closures.timeout = time.Second
		first := int32(-1)
		for range 2 {
			_, err := closures.Of(w.Context(), []string{top})
			want := "top is not in the store, and a substituter could not be queried: " + silent.URL + ": no answer within 1s"
			if err == nil || err.Error() != want {
				w.Errorf("error is %v", err)
			}
			if now := asked.Load(); first < 0 {
				first = now
			} else if now != first {
				w.Errorf("it was asked %d times, and then %d", first, now)
			}
		}
	})
}

// An interruption is not a substituter's fault. It also ends a call that waits for another
// one.
func TestClosuresInterrupted(t *testing.T) {
	eachLane(t, func(w *world) {
		top, _, folder := w.wide()
		reached := make(chan struct{}, 100)
		silent := w.binaryCache(folder, func(rw http.ResponseWriter, r *http.Request) bool {
			reached <- struct{}{}
			return hang(rw, r)
		})
		closures := w.elsewhere("empty", silent.URL).Closures(w.tmp)
		ctx, cancel := context.WithCancel(w.Context())
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := closures.Of(ctx, []string{top})
				ended <- err
			}()
		}
		<-reached
		begin := time.Now()
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				w.Errorf("error is %v", err)
			}
		}
		if took := time.Since(begin); took > time.Minute || len(closures.failed) > 0 {
			w.Errorf("took %s, failed are %v", took, closures.failed)
		}
	})
}

func TestClosureThroughDaemon(t *testing.T) {
	eachLane(t, func(w *world) {
		top, want, _ := w.wide()
		daemon := newClient(testOptions(Options{Path: w.client.path, Env: startDaemon(w.T, lanes.Lane{Nix: w.client.path}, filepath.Join(w.scratch, "socket"))}))
		daemon.Version = w.client.Version
		if got := w.closure(daemon, top); !maps.Equal(got, want) {
			w.Errorf("closure is %v", got)
		}
	})
}

// A derivation in a closure is a path like any other. Only an old Nix cannot look it up in a
// binary cache.
func TestClosureWithDerivation(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := filepath.Join(w.scratch, "flake")
		toplevel(`inner = sh "inner" "echo > $out" { };`,
			`top = sh "top" "echo ${builtins.unsafeDiscardOutputDependency inner.drvPath} > $out" { };`).write(w.T, dir, strings.NewReplacer("@NONCE@", w.scratch))
		top := w.builtFrom("path:" + dir)
		want := w.closure(w.client, top)
		if len(want) != 2 {
			w.Fatalf("closure is %v", want)
		}
		cache := "file://" + filepath.Join(w.scratch, "served")
		w.copy(cache, top)
		if w.old() {
			if e := w.missing(w.elsewhere("empty", cache), top); !strings.HasPrefix(e.Error(), "inner is in neither the store nor a substituter") {
				w.Error(e)
			}
			return
		}
		if got := w.closure(w.elsewhere("empty", cache), top); !maps.Equal(got, want) {
			w.Errorf("closure is %v, want %v", got, want)
		}
	})
}

func FuzzPathInfos(f *testing.F) {
	recordings.Seed(f, "path-info", "stdout")
	f.Add([]byte(`{"/nix/store/a": null, "/nix/store/b": {"narSize": 1, "references": null}}`))
	f.Add([]byte(`[{"path": "/nix/store/a", "valid": false}, {}, null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		infos, err := decodePathInfos(data)
		if err != nil {
			return
		}
		if slices.ContainsFunc(infos, func(p pathInfo) bool { return p.Path == "" }) {
			t.Errorf("got %+v", infos)
		}
	})
}
