// Package testdata_test tests the stand-ins for the example's inputs, and the example, with
// the real Nix of each lane. ./... leaves out folders named testdata, so name it:
// go test ./testdata/
package testdata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// cells are all installables of the example.
var cells = []string{
	"nixosConfigurations.reason.config.system.build.toplevel",
	"nixosConfigurations.laptop.config.system.build.toplevel",
	`homeConfigurations."joachim@reason".activationPackage`,
	`homeConfigurations."joachim@laptop".activationPackage`,
	`homeConfigurations."work@laptop".activationPackage`,
	"devShells.x86_64-linux.default",
	"formatter.x86_64-linux",
}

// run starts Nix with features enabled and inputs overridden, and returns stdout and stderr.
func run(t *testing.T, lane lanes.Lane, args ...string) (string, string, error) {
	t.Helper()
	args = append([]string{"--extra-experimental-features", "nix-command flakes", "--option", "eval-cache", "false"}, args...)
	cmd := exec.CommandContext(t.Context(), lane.Nix, args...)
	cmd.Env = append(os.Environ(), lanes.Env()...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return stdout.String(), stderr.String(), err
}

// must is like run, but a failure ends the test.
func must(t *testing.T, lane lanes.Lane, args ...string) string {
	t.Helper()
	stdout, stderr, err := run(t, lane, args...)
	if err != nil {
		t.Fatalf("nix %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return stdout
}

// build builds an installable of a flake and returns its output path.
func build(t *testing.T, lane lanes.Lane, overrides []string, flake, attr string, more ...string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "result")
	args := append([]string{"build", "--out-link", link, "--no-write-lock-file", "path:" + flake + "#" + attr}, overrides...)
	must(t, lane, append(args, more...)...)
	out, err := filepath.EvalSymlinks(link)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func forEachLane(t *testing.T, f func(*testing.T, lanes.Lane)) {
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) { f(t, lane) })
	}
}

func TestModuleSystem(t *testing.T) {
	cases := filepath.Join(lanes.Root(t), "testdata", "inputs", "module-cases.nix")
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		var values map[string]struct{ Expr, Expected any }
		decode(t, must(t, lane, "eval", "--json", "-f", cases), &values)
		for name, v := range values {
			if !reflect.DeepEqual(v.Expr, v.Expected) {
				t.Errorf("%s: %v, want %v", name, v.Expr, v.Expected)
			}
		}
	})
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// TestFleetBuilds builds all of the example from nothing, in a sandbox if there is one: each lane
// has its own busybox, which makes every derivation new. (run-fleet.txtar builds it without one.)
func TestFleetBuilds(t *testing.T) {
	fleet := filepath.Join(lanes.Root(t), "examples", "fleet")
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		overrides := append(lanes.Overrides(t), "--override-input", "nixpkgs/busybox", "path:"+markedBusybox(t))
		if sandboxed := append(overrides, "--option", "sandbox", "true", "--option", "sandbox-fallback", "false"); hasSandbox(t, lane, sandboxed) {
			overrides = sandboxed
		}
		for _, cell := range cells {
			out := build(t, lane, overrides, fleet, cell)
			if cell == cells[0] {
				hasPrograms(t, out, "git", "vim")
			}
		}
	})
}

// hasPrograms checks that a system's path has the programs of several packages.
func hasPrograms(t *testing.T, toplevel string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(toplevel, "sw", "bin", name)); err != nil {
			t.Errorf("%s is not in the path of the system: %v", name, err)
		}
	}
}

// markedBusybox returns a copy of the busybox with a unique marker next to it, so that
// everything is built anew.
func markedBusybox(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(lanes.Busybox(t), "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "busybox"), string(text))
	write(t, filepath.Join(dir, "mark"), time.Now().String())
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// hasSandbox reports whether the kernel grants the namespaces of a sandbox.
func hasSandbox(t *testing.T, lane lanes.Lane, overrides []string) bool {
	t.Helper()
	fleet := filepath.Join(lanes.Root(t), "examples", "fleet")
	args := append([]string{"build", "--no-link", "--no-write-lock-file", "path:" + fleet + "#formatter.x86_64-linux"}, overrides...)
	_, stderr, err := run(t, lane, args...)
	if err == nil {
		return true
	}
	for _, sign := range []string{"namespaces", "Operation not permitted", "unable to start build process", "cannot set up"} {
		if strings.Contains(stderr, sign) {
			t.Logf("no sandbox on this machine: %s", stderr)
			return false
		}
	}
	t.Fatalf("%v\n%s", err, stderr)
	return false
}

// TestHomeActivates activates a home in a temporary folder.
func TestHomeActivates(t *testing.T) {
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		tmp := t.TempDir()
		home := filepath.Join(tmp, "joachim")
		pkg := build(t, lane, lanes.Overrides(t), fleetWithHomes(t, tmp), cells[2])

		activate := func(wantOK bool, want string, env ...string) {
			t.Helper()
			cmd := exec.CommandContext(t.Context(), filepath.Join(pkg, "activate"))
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			if (err == nil) != wantOK || !strings.Contains(string(out), want) {
				t.Fatalf("%v: %v, want %q in:\n%s", env, err, want, out)
			}
		}
		me := []string{"USER=joachim", "HOME=" + home}
		check(t, os.MkdirAll(home, 0o755))
		activate(false, "USER is set to \"work\" but we expect \"joachim\"", "USER=work", "HOME="+home)
		activate(false, "HOME is set to", "USER=joachim", "HOME="+tmp)

		write(t, filepath.Join(home, ".zshrc"), "mine")
		activate(false, ".zshrc' would be clobbered", me...)
		check(t, os.Remove(filepath.Join(home, ".zshrc")))

		activate(true, "This is a dry run", append(me, "DRY_RUN=1")...)
		if got := tree(t, home); len(got) != 0 {
			t.Errorf("a dry run left %v", got)
		}

		activate(true, "Creating home file links", me...)
		first := tree(t, home)
		if !strings.HasPrefix(first[".zshrc"], "/nix/store/") || !strings.HasPrefix(first[".config/git/config"], "/nix/store/") {
			t.Errorf("links of the first activation: %v", first)
		}
		activate(true, "No change so reusing latest profile generation", me...)
		if second := tree(t, home); !reflect.DeepEqual(first, second) {
			t.Errorf("the second activation changed %v to %v", first, second)
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fleetWithHomes returns the example with its homes below dir.
func fleetWithHomes(t *testing.T, dir string) string {
	t.Helper()
	fleet := filepath.Join(t.TempDir(), "fleet")
	check(t, os.CopyFS(fleet, os.DirFS(filepath.Join(lanes.Root(t), "examples", "fleet"))))
	file := filepath.Join(fleet, "lib", "users.nix")
	text, err := os.ReadFile(file)
	check(t, err)
	changed := strings.Replace(string(text), `"/home/${name}"`, `"`+dir+`/${name}"`, 1)
	if changed == string(text) {
		t.Fatal("lib/users.nix does not say where homes are")
	}
	write(t, file, changed)
	return fleet
}

// tree lists everything below dir except folders, with the targets of links.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	check(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		found[rel], _ = os.Readlink(name)
		return nil
	}))
	return found
}

// TestEmbeddedHome finds the home of a user in the host's system.
func TestEmbeddedHome(t *testing.T) {
	flake := filepath.Join(lanes.Root(t), "testdata", "flakes", "embedded")
	const host = "nixosConfigurations.laptop.config."
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		system := build(t, lane, lanes.Overrides(t), flake, host+"system.build.toplevel")
		for _, user := range []string{"joachim", "work"} {
			home := build(t, lane, lanes.Overrides(t), flake, host+"home-manager.users."+user+".home.activationPackage")
			unit, err := os.ReadFile(filepath.Join(system, "etc/systemd/system/home-manager-"+user+".service"))
			if err != nil || !strings.Contains(string(unit), "="+home+"/activate") {
				t.Errorf("%s: %v\n%s\nwant %s", user, err, unit, home)
			}
		}
	})
}

// probe evaluates what the other tests do not.
const probe = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { nixpkgs, ... }: let
    lib = nixpkgs.lib;
    system = "x86_64-linux";
    host = lib.nixosSystem {
      inherit system;
      modules = [ ({ lib, ... }: {
        networking.hostName = "probe";
        fileSystems."/".device = "/dev/sda1";
        boot.loader.systemd-boot.enable = true;
        virtualisation.vmVariant = { virtualisation.memorySize = 2048; networking.hostName = lib.mkForce "in-vm"; };
        system.activationScripts.zz-first = "echo first >> $root/order";
        system.activationScripts.aa-second = { deps = [ "zz-first" ]; text = "echo second >> $root/order"; };
        system.activationScripts.broken = "(exit 3)\necho not reached";
      }) ];
    };
    pkgs = import nixpkgs { inherit system; config.allowUnfree = true; overlays = [ (final: prev: { mine = final.hello; vim = prev.hello; }) ]; };
  in {
    nixosConfigurations = { inherit host; };
    packages.${system} = { inherit (pkgs) steam mine; unfree = nixpkgs.legacyPackages.${system}.steam; };
    packages.aarch64-linux.steam = (import nixpkgs { system = "aarch64-linux"; config.allowUnfree = true; }).steam;
    facts = {
      host = host.config.networking.hostName;
      vm = host.config.virtualisation.vmVariant.networking.hostName;
      memory = host.config.virtualisation.vmVariant.virtualisation.memorySize;
      vmRoot = host.config.virtualisation.vmVariant.fileSystems."/".device;
      extended = (host.extendModules { modules = [ { networking.hostName = lib.mkForce "other"; } ]; }).config.networking.hostName;
      overlay = [ pkgs.mine.pname pkgs.vim.pname ];
      unsupported = (import nixpkgs { system = "aarch64-linux"; }).steam.meta.unsupported;
    };
  };
}`

func TestProbe(t *testing.T) {
	flake := t.TempDir()
	write(t, filepath.Join(flake, "flake.nix"), probe)
	overrides := lanes.Overrides(t)
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		eval := func(attr string) (string, string, error) {
			return run(t, lane, append([]string{"eval", "--json", "--no-write-lock-file", "path:" + flake + "#" + attr}, overrides...)...)
		}
		stdout, stderr, err := eval("facts")
		if err != nil {
			t.Fatal(stderr)
		}
		const want = `{"extended":"other","host":"probe","memory":2048,"overlay":["hello","hello"],"unsupported":true,"vm":"in-vm","vmRoot":"/dev/vda"}`
		if strings.TrimSpace(stdout) != want {
			t.Errorf("facts: %s\nwant %s", stdout, want)
		}
		for attr, want := range map[string]string{
			"packages.aarch64-linux.steam.drvPath": "is not available on the requested hostPlatform",
			"packages.x86_64-linux.unfree.drvPath": "has an unfree license (‘unfree’)",
		} {
			if _, stderr, err := eval(attr); err == nil || !strings.Contains(stderr, want) {
				t.Errorf("%s: %v\n%s\nwant %s", attr, err, stderr, want)
			}
		}
		build(t, lane, overrides, flake, "packages.x86_64-linux.steam")
		system := build(t, lane, overrides, flake, "nixosConfigurations.host.config.system.build.toplevel")
		activateSystem(t, system)
	})
}

// activateSystem runs a system's activation script below a folder.
func activateSystem(t *testing.T, system string) {
	t.Helper()
	root := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(system, "activate"))
	cmd.Env = []string{"ACTIVATION_ROOT=" + root}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "Activation script snippet 'broken' failed (3)") {
		t.Errorf("activate: %v\n%s", err, out)
	}
	order, _ := os.ReadFile(filepath.Join(root, "order"))
	if string(order) != "first\nsecond\n" {
		t.Errorf("snippets ran in the order %q", order)
	}
	if current, _ := os.Readlink(filepath.Join(root, "run/current-system")); current != system {
		t.Errorf("/run/current-system is %q", current)
	}
	if name, _ := os.ReadFile(filepath.Join(root, "etc/hostname")); string(name) != "probe\n" {
		t.Errorf("/etc/hostname is %q", name)
	}
}
