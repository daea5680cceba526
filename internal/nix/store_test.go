package nix

import (
	"os"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/remote"
)

func TestStores(t *testing.T) {
	for _, tt := range []struct {
		build, eval         string
		want                stores
		here, evaluatesHere bool
		elsewhere           string
	}{
		{"", "", stores{}, true, true, ""},
		{"daemon", "", stores{"daemon", ""}, true, true, ""},
		{"local?root=/x", "", stores{"local?root=/x", ""}, false, false, ""},
		{"/x", "auto", stores{"/x", "auto"}, false, true, ""},
		{"ssh-ng://u:p@h?ssh-key=/k", "", stores{"ssh-ng://u:p@h?ssh-key=/k", "auto"}, false, true, "ssh-ng://h"},
		{"ssh-ng://h", "/x", stores{"ssh-ng://h", "/x"}, false, false, "ssh-ng://h"},
		{"unix:///x", "", stores{"unix:///x", ""}, false, false, ""},
	} {
		s := storesOf(tt.build, tt.eval)
		if s != tt.want || isHere(s.build) != tt.here || s.derivationsAreHere() != tt.evaluatesHere || s.elsewhere() != tt.elsewhere {
			t.Errorf("%q, %q: got %+v, files %t and %t, elsewhere %q", tt.build, tt.eval, s, isHere(s.build), s.derivationsAreHere(), s.elsewhere())
		}
	}
}

// A store below another folder has what is built there, until it is fetched.
func TestFetch(t *testing.T) {
	remote.Skip(t)
	t.Parallel()
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			root := t.TempDir()
			c := find(t, Options{Path: lane.Nix, Store: root, Settings: [][2]string{{"sandbox-paths", "/bin/sh=" + lanes.Busybox(t) + "/busybox"}}})
			w, _ := scenario{tracked: toplevel("top = sh \"top\" \"echo > $out\" { };")}.world(t)
			w.client = c
			in, err := w.host(w.mustOpen(), "bad")
			if err != nil {
				t.Fatal(err)
			}
			out := []string{in.Outputs["out"]}
			if missing, err := c.Missing(t.Context(), in.DrvPath, out); err != nil || len(missing) != 1 {
				t.Errorf("before the build, missing are %q, %v", missing, err)
			}
			if res, err := c.Build(t.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{}); err != nil || len(res.Failures) > 0 {
				t.Fatalf("%+v, %v", res, err)
			}
			if missing, err := c.Missing(t.Context(), in.DrvPath, out); err != nil || len(missing) != 0 {
				t.Errorf("after the build, missing are %q, %v", missing, err)
			}
			if c.HasFiles() || exists(out[0]) {
				t.Fatal("it was built in the store of this machine")
			}
			if err := c.Fetch(t.Context(), out...); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(out[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

// Derivations of a plan are in the store of evaluations, whatever the store of builds is.
func TestCopyDerivations(t *testing.T) {
	remote.Skip(t)
	t.Parallel()
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			folder := "file://" + t.TempDir()
			w, _ := scenario{tracked: toplevel("top = sh \"top\" \"echo > $out\" { };")}.world(t)
			apart := func() *Client { return find(t, Options{Path: lane.Nix, Store: t.TempDir(), EvalStore: t.TempDir()}) }
			w.client = apart()
			in, err := w.host(w.mustOpen(), "bad")
			if err != nil {
				t.Fatal(err)
			}
			drvs := []string{in.DrvPath}
			if err := w.client.CopyDerivations(t.Context(), "", folder, drvs); err != nil {
				t.Fatal(err)
			}
			other := apart()
			if err := other.CopyDerivations(t.Context(), folder, "", drvs); err != nil {
				t.Fatal(err)
			}
			if p, err := other.DryRun(t.Context(), drvs...); err != nil || len(p.Build) == 0 {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}
