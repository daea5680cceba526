package runner

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/flakeci/flakeci/matrix"
)

// A host may have the very derivation of a home inside it.
func TestBuildAfterItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := &run{builds: map[string]*build{}, buildSlots: make(chan struct{})}
		b := r.buildOf("/nix/store/x.drv")
		go r.build(ctx, Result{Cell: matrix.Cell{ID: "nixos/a"}}, b, []*build{b})
		synctest.Wait()
		go r.build(ctx, Result{Cell: matrix.Cell{ID: "nixos/a/home/b"}}, b, nil)
		synctest.Wait()
		if len(r.results) != 2 {
			t.Errorf("%d of 2 cells ended", len(r.results))
		}
	})
}

func TestLogsFollowNoLinks(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]string{"the log": "logs/x.log", "its folder": "logs"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			target := victim
			if link == "logs" {
				target = filepath.Dir(victim)
			} else if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
			if f, err := createAnew(root, "logs/x.log"); err == nil {
				if _, err := f.WriteString("theirs"); err != nil {
					t.Error(err)
				}
				f.Close()
			}
			if got, _ := os.ReadFile(victim); string(got) != "mine" {
				t.Errorf("a file outside was written: %q", got)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(victim), "x.log")); err == nil {
				t.Error("a file outside was made")
			}
		})
	}
}
