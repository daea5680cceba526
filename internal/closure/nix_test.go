package closure_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/closure"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// real is a Nix and its arguments.
type real struct {
	*testing.T
	lane lanes.Lane
	env  []string
}

func eachNix(t *testing.T, test func(r real)) {
	for _, lane := range lanes.Every(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			test(real{t, lane, slices.Concat(os.Environ(), lanes.Env(), []string{"HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache")})})
		})
	}
}

func (r real) run(args ...string) []byte {
	r.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(r.lane.Nix, append([]string{"--extra-experimental-features", "nix-command"}, args...)...)
	cmd.Env, cmd.Stderr = r.env, &stderr
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("nix %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// Nix's own compareVersions and parseDrvName give the same results for every pair and name.
func TestVersionsLikeNix(t *testing.T) {
	versions := closure.Versions()
	var names []string
	for _, v := range versions {
		names = append(names, v, "a-"+v, "a-b-"+v+"-bin", "a"+v+"b")
	}
	eachNix(t, func(r real) {
		var got struct {
			Orders [][]int
			Names  []struct{ Name, Version string }
		}
		expr := fmt.Sprintf(`let vs = builtins.fromJSON %s; in {
			Orders = map (a: map (b: builtins.compareVersions a b) vs) vs;
			Names = map builtins.parseDrvName (builtins.fromJSON %s);
		}`, literal(r.T, versions), literal(r.T, names))
		if err := json.Unmarshal(r.run("eval", "--json", "--expr", expr), &got); err != nil {
			r.Fatal(err)
		}
		for i, a := range versions {
			for j, b := range versions {
				if order := closure.CompareVersions(a, b); order != got.Orders[i][j] {
					r.Errorf("%q and %q: %d, Nix says %d", a, b, order, got.Orders[i][j])
				}
			}
		}
		for i, name := range names {
			if n, v := closure.ParseName(name); n != got.Names[i].Name || v != got.Names[i].Version {
				r.Errorf("%q is %q and %q, Nix says %+v", name, n, v, got.Names[i])
			}
		}
	})
}

// literal returns a Nix string that contains JSON.
func literal(t *testing.T, list []string) string {
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return "''" + strings.ReplaceAll(string(data), "''", "'''") + "''"
}

// A system before and after a change. No package grows by 8 KiB, from which on diff-closures
// lists a package with unchanged versions.
const systems = `let
  make = outputs: nonce: name: derivation {
    inherit name nonce outputs;
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" (builtins.concatStringsSep "\n" (map (o: "echo ${name} > \$${o}") outputs)) ];
  };
  one = make [ "out" ];
  all = make [ "out" "lib" "man" "dev" ];
  outputs = p: map (o: p.${o}) p.outputs;
  system = version: needs: derivation {
    inherit needs;
    name = "nixos-system-host-${version}";
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" "echo $needs > $out" ];
  };
in {
  before = system "25.05.20250101.0a1b2c3" ([
    (one "x" "same-1.0") (one "x" "rebuilt-1.0") (one "x" "bare") (one "x" "up-1.8") (one "x" "down-2.0pre")
    (one "x" "gone-1.0") (one "x" "two-1.0") (one "x" "two-2.0") (one "x" "nightly-unstable-2024-01-01")
    (one "x" "unit-old.service") (one "x" "unit-kept.service") (one "x" "etc-hosts") (all "x" "kept-3").lib
  ] ++ outputs (all "x" "multi-1.0"));
  after = system "25.05.20250201.9f8e7d6" ([
    (one "x" "same-1.0") (one "y" "rebuilt-1.0") (one "y" "bare") (one "y" "up-1.10") (one "y" "down-1.9")
    (one "y" "new-0.1-rc1") (one "x" "two-2.0") (one "y" "nightly-unstable-2024-02-01")
    (one "y" "unit-new.service") (one "y" "unit-kept.service") (one "x" "etc-hosts") (one "y" "plain") (all "y" "kept-3").man
  ] ++ outputs (all "y" "multi-1.0.1"));
}`

func TestDiffLikeNix(t *testing.T) {
	eachNix(t, func(r real) {
		file := filepath.Join(r.TempDir(), "systems.nix")
		if err := os.WriteFile(file, []byte(systems), 0o644); err != nil {
			r.Fatal(err)
		}
		before, after := r.build(file, "before"), r.build(file, "after")
		d := closure.Diff(r.closure(before), r.closure(after))
		var got []string
		for _, p := range d.Packages {
			got = append(got, fmt.Sprintf("%s: %s → %s", p.Name, but(p.Before, p.After), but(p.After, p.Before)))
		}
		want := strings.Split(strings.TrimSpace(sgr.ReplaceAllString(string(r.run("store", "diff-closures", before, after)), "")), "\n")
		if !slices.Equal(got, want) {
			r.Errorf("got\n%s\nNix says\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// kept-3, with another output; rebuilt, bare and the unit.
		if len(got) != 11 || d.Rebuilt != 4 {
			r.Errorf("%d packages and %d rebuilt", len(got), d.Rebuilt)
		}
	})
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// but shows the versions that only one side has, like diff-closures.
func but(these, those []string) string {
	var only []string
	for _, v := range these {
		if !slices.Contains(those, v) {
			only = append(only, cmp.Or(v, "ε"))
		}
	}
	slices.Sort(only)
	return cmp.Or(strings.Join(only, ", "), "∅")
}

func (r real) build(file, attr string) string {
	r.Helper()
	var built []struct{ Outputs map[string]string }
	if err := json.Unmarshal(r.run("build", "--no-link", "--json", "--option", "build-poll-interval", "1", "--file", file, attr), &built); err != nil || len(built) != 1 {
		r.Fatalf("%+v, %v", built, err)
	}
	return built[0].Outputs["out"]
}

func (r real) closure(path string) closure.Paths {
	r.Helper()
	client, err := nix.Find(r.Context(), nix.Options{Path: r.lane.Nix, Env: r.env})
	if err != nil {
		r.Fatal(err)
	}
	paths, err := client.Closures(r.TempDir()).Of(r.Context(), []string{path})
	if err != nil {
		r.Fatal(err)
	}
	return closure.Paths(paths)
}
