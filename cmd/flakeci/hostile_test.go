package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/git/planted"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// hostileFlake has a host for each way in which a flake can have Nix read planted
// repositories.
const hostileFlake = `{ outputs = { self }: let
  host = text: { config.system.build.toplevel = derivation { name = "x"; inherit text; system = "x86_64-linux"; builder = "/bin/sh"; }; };
  store = "file://%[3]s";
in { nixosConfigurations = {
  plain = host "x";
  bare = host (builtins.fetchGit { url = "file://%[1]s"; ref = "main"; rev = "%[2]s"; }).outPath;
  work = host (builtins.fetchGit { url = store; rev = "%[4]s"; }).outPath;
  lfs = host (builtins.readFile ((builtins.fetchGit { url = store; rev = "%[4]s"; lfs = true; }) + "/big"));
  mercurial = host (builtins.fetchMercurial { url = "file://%[5]s"; rev = "%[2]s"; }).outPath;
}; }; }
`

// Neither a checkout nor what its flake puts into the store makes Nix run a program,
// whatever the working directory and the flake reference are. The base comes from the
// checkout's remote.
func TestNixOnAHostileCheckout(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	for _, lane := range lanes.Every(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			env := hostileEnv(t, lane)
			var stored string
			c := planted.New(t, func(c *planted.Checkout) string {
				stored = nixOnce(t, lane, env, "store", "add-path", "--name", "work", c.Work)
				bin := t.TempDir()
				hg := "#!/bin/sh\n[ -n \"$HGRCSKIPREPO\" ] || " + c.Trap("mercurial") + "\nexit 1\n" // as the real hg does
				if err := os.WriteFile(filepath.Join(bin, "hg"), []byte(hg), 0o755); err != nil {
					t.Fatal(err)
				}
				env = append(env, "PATH="+bin+":"+os.Getenv("PATH"))
				return fmt.Sprintf(hostileFlake, c.Nix, c.Fake, stored, c.WorkHead, c.Dir)
			})
			unguarded(t, c, lane, env)
			want := planted.Git(t, c.Dir, "rev-parse", "HEAD^")
			for i, ref := range []string{".", "./nix", "./nix"} {
				folder := []string{c.Nix, c.Dir, c.Dir}[i]
				t.Chdir(folder)
				if i == 2 { // Nix reads a dirty tree in another way
					c.Configure(t, "")
				}
				report := filepath.Join(t.TempDir(), "report.json")
				said := runHere(t, env, "run", "--eval-only", "--base", "origin/other", "--json", report, ref)
				if sprung := c.Sprung(t); len(sprung) > 0 {
					t.Errorf("%s in %s: %q ran\n%s", ref, folder, sprung, said)
				}
				if got := reportOf(t, report); got.Base.Rev != want || got.Evaluated["nixos/plain"] != "passed" || got.Evaluated["nixos/bare"] != "passed" {
					t.Errorf("%s in %s: got %+v, want base %s\n%s", ref, folder, got, want, said)
				}
				said = runHere(t, env, "matrix", "git+file://"+c.Dir+"?dir=nix&submodules=1")
				if sprung := c.Sprung(t); len(sprung) > 0 {
					t.Errorf("%s with submodules: %q ran\n%s", ref, sprung, said)
				}
			}
		})
	}
}

// unguarded checks that this Nix falls into the traps without flakeci.
func unguarded(t *testing.T, c *planted.Checkout, lane lanes.Lane, env []string) {
	t.Helper()
	traps := map[string]string{"mercurial": "mercurial"}
	switch {
	case lane.Version == "2.8.0": // runs git in the repository
		traps["work"] = "filter.x.process"
	case lane == lanes.Newest(t): // supports LFS
		traps["lfs"] = "lfs"
	}
	for host, trap := range traps {
		attr := ".#nixosConfigurations." + host + ".config.system.build.toplevel.drvPath"
		cmd := exec.CommandContext(t.Context(), lane.Nix, "eval", "--extra-experimental-features", "nix-command flakes", attr)
		cmd.Dir, cmd.Env = c.Nix, env
		out, _ := cmd.CombinedOutput() // most fail after springing the trap
		if sprung := c.Sprung(t); !slices.Contains(sprung, trap) {
			t.Errorf("%s is no trap: %q\n%s", host, sprung, out)
		}
	}
	if err := os.RemoveAll(filepath.Join(cacheOf(env), "nix")); err != nil { // its fetches
		t.Fatal(err)
	}
}

func hostileEnv(t *testing.T, lane lanes.Lane) []string {
	t.Helper()
	home := t.TempDir()
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "FLAKECI_NIX=" + lane.Nix}, lanes.Env()...)
	// git needs this to fetch a submodule from a folder.
	return append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
}

func cacheOf(env []string) string { return (&App{Env: env}).env("XDG_CACHE_HOME") }

func nixOnce(t *testing.T, lane lanes.Lane, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), lane.Nix, append([]string{"--extra-experimental-features", "nix-command flakes"}, args...)...)
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("nix %q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// runHere runs flakeci in this process and returns its output.
func runHere(t *testing.T, env []string, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	app := &App{Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Env: env, Args: args}
	app.Main(t.Context())
	return said.String()
}

type evaluatedReport struct {
	Base      struct{ Rev string }
	Evaluated map[string]string // status by cell
}

func reportOf(t *testing.T, name string) evaluatedReport {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		evaluatedReport
		Cells []struct{ ID, Status string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	report.Evaluated = map[string]string{}
	for _, c := range report.Cells {
		report.Evaluated[c.ID] = c.Status
	}
	return report.evaluatedReport
}
