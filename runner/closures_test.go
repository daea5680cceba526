package runner

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// Two systems whose tool goes from 1.0 to 1.1, and one that is not built.
const tools = `let make = name: text: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo ${text} > $out" ]; };
in {
  before = make "system" (make "tool-1.0" "difference");
  after = make "system" (make "tool-1.1" "difference");
  never = (make "never-2.0" "difference").outPath;
}`

func TestDifference(t *testing.T) {
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "tools.nix")
			if err := os.WriteFile(file, []byte(tools), 0o644); err != nil {
				t.Fatal(err)
			}
			env := slices.Concat(os.Environ(), lanes.Env(), []string{"HOME=" + dir, "XDG_CACHE_HOME=" + dir})
			run := func(args ...string) string {
				t.Helper()
				var out bytes.Buffer
				cmd := proc.Cmd{Path: lane.Nix, Args: append([]string{"--extra-experimental-features", "nix-command"}, args...), Env: env, Stdout: &out}
				if _, err := cmd.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				return out.String()
			}
			run("build", "--no-link", "--file", file, "before", "after")
			path := func(attr string) []string { return []string{run("eval", "--raw", "--file", file, attr)} }
			before, after, never := path("before.outPath"), path("after.outPath"), path("never")
			client, err := nix.Find(t.Context(), nix.Options{Path: lane.Nix, Env: env})
			if err != nil {
				t.Fatal(err)
			}
			closures := client.Closures(dir)

			d := difference(t.Context(), closures, before, after)
			if d.Unknown != "" || len(d.Packages) != 1 || d.Packages[0].Name != "tool" || d.Packages[0].Kind != result.PackageUp || d.Rebuilt != 1 || d.Before == 0 || d.Before != d.After {
				t.Errorf("difference is %+v", d)
			}
			if d := difference(t.Context(), closures, nil, after); d.Unknown != "" || len(d.Packages) != 2 || d.Before != 0 {
				t.Errorf("difference is %+v", d)
			}
			for _, tt := range []struct {
				before, after []string
				want          string
			}{
				{never, after, "at the base, never-2.0 is not in the store, and there is no substituter"},
				{before, never, "after the change, never-2.0 is not in the store, and there is no substituter"},
				{[]string{"/no/store/path"}, after, `cannot look up what is needed at the base: "/no/store/path" is not a store path`},
			} {
				if d := difference(t.Context(), closures, tt.before, tt.after); !strings.HasPrefix(d.Unknown, tt.want) || d.After != 0 {
					t.Errorf("difference is %+v, want %q", d, tt.want)
				}
			}
			of := []string{"--store", "ssh-ng://localhost?remote-program=/tmp/evil"}
			if d := difference(t.Context(), closures, of, after); d.Unknown != `cannot look up what is needed at the base: "--store" is not a store path` {
				t.Errorf("unknown %q", d.Unknown)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if d := difference(ctx, closures, never, after); d.Unknown != "interrupted" {
				t.Errorf("unknown %q", d.Unknown)
			}
		})
	}
}
