package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/lanes"
)

// BenchmarkExample compares, in one run on one machine, flakeci on the example
// fleet with a loop of `nix build`, one process for each configuration, which is
// what people do without it. All is built beforehand, so this is the overhead of
// looking. The metric loop/flakeci is how many times faster flakeci is.
func BenchmarkExample(b *testing.B) {
	root, dir := lanes.Root(b), b.TempDir()
	binary := filepath.Join(dir, "flakeci")
	run(b, root, "go", "build", "-o", binary, "./cmd/flakeci")
	fleet := filepath.Join(dir, "fleet")
	if err := os.CopyFS(fleet, os.DirFS(filepath.Join(root, "examples", "fleet"))); err != nil {
		b.Fatal(err)
	}
	run(b, fleet, "git", "init", "-q")
	run(b, fleet, "git", "add", "-A")
	run(b, fleet, "git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "x")

	newest := lanes.Newest(b).Nix
	overrides := lanes.Overrides(b)
	ours := func() {
		run(b, fleet, binary, append([]string{"run", "--nix", newest, "--progress", "quiet"}, overrides...)...)
	}
	theirs := func() {
		for _, attr := range []string{
			"nixosConfigurations.laptop.config.system.build.toplevel", "nixosConfigurations.reason.config.system.build.toplevel",
			`homeConfigurations."joachim@laptop".activationPackage`, `homeConfigurations."joachim@reason".activationPackage`,
			`homeConfigurations."work@laptop".activationPackage`,
		} {
			run(b, fleet, newest, append([]string{
				"--extra-experimental-features", "nix-command flakes", "build", "--no-link", "--no-write-lock-file",
				"--option", "eval-cache", "false", ".#" + attr,
			}, overrides...)...)
		}
	}
	ours() // builds what is not there yet

	var flakeci, loop time.Duration
	for b.Loop() {
		flakeci += clock(ours)
		loop += clock(theirs)
	}
	b.ReportMetric(flakeci.Seconds()/float64(b.N), "s/flakeci")
	b.ReportMetric(loop.Seconds()/float64(b.N), "s/loop")
	b.ReportMetric(loop.Seconds()/flakeci.Seconds(), "loop/flakeci")
}

func clock(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// run runs a command that has to succeed.
func run(b *testing.B, dir, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), lanes.Env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}
