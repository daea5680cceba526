package bench_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/bench"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// contender is one way to build a fleet.
type contender struct {
	name string
	argv []string
	// warm runs it once before and keeps its caches. Otherwise its caches are empty.
	warm bool
	// once measures it in the first round only, because it is slow.
	once bool
	// checks gives it the fleet with checks.
	checks bool
}

// What people run today. The cells are in a file, one installable per line.
var (
	loop    = contender{name: "a loop of `nix build`", argv: []string{"sh", "-c", `while read -r cell; do nix build --no-link "$cell" || exit; done <../cells`}}
	xargs   = contender{name: "`xargs -P2 nix build`", argv: []string{"xargs", "-d", "\\n", "-n1", "-P2", "-a", "../cells", "nix", "build", "--no-link"}}
	all     = contender{name: "one `nix build` of all", argv: []string{"xargs", "-d", "\\n", "-a", "../cells", "nix", "build", "--no-link", "--keep-going"}}
	check   = contender{name: "`nix flake check`", argv: []string{"nix", "flake", "check"}, checks: true}
	flakeci = contender{name: "flakeci", argv: []string{"flakeci", "run", "--progress", "quiet"}}
)

// with returns c with more arguments, and a name that says so.
func (c contender) with(args ...string) contender {
	c.name = strings.Join(append([]string{c.name}, args...), " ")
	c.argv = slices.Concat(c.argv, args)
	return c
}

// kept returns c with the caches of an earlier run.
func (c contender) kept() contender {
	c.warm = true
	return c
}

// single returns c for the first round only.
func (c contender) single() contender {
	c.once = true
	return c
}

// place is where a benchmark keeps its files.
type place struct {
	dir     string
	nix     string   // what `nix` is for every contender
	busybox string   // in the store
	salts   []string // of all fleets
}

// prepare puts what fleets need into the store.
func prepare(tb testing.TB) *place {
	tb.Helper()
	p := &place{dir: tb.TempDir(), nix: lanes.Newest(tb).Nix}
	for _, dir := range []string{p.bin(), p.home()} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			tb.Fatal(err)
		}
	}
	p.busybox = p.output(tb, p.dir, "nix", "store", "add-path", "--name", "busybox", lanes.Busybox(tb))
	tb.Cleanup(func() { p.forget(tb) })
	return p
}

func (p *place) bin() string  { return filepath.Join(p.dir, "bin") }
func (p *place) home() string { return filepath.Join(p.dir, "home") }

// compile builds flakeci and puts it on the PATH of the contenders.
func (p *place) compile(tb testing.TB) {
	tb.Helper()
	build := exec.Command("go", "build", "-trimpath", "-o", p.bin(), "./cmd/flakeci")
	build.Dir, build.Env = lanes.Root(tb), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
}

// system returns Nix's name for this machine.
func (p *place) system(tb testing.TB) string {
	tb.Helper()
	return p.output(tb, p.dir, "nix", "eval", "--raw", "--impure", "--expr", "builtins.currentSystem")
}

// command returns a command for a folder, not yet started. It gets only the environment set
// here, so that a shell's settings for Nix do not count.
func (p *place) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	// env looks the name up in the PATH of the command, not in that of this process.
	cmd := exec.CommandContext(ctx, "env", append([]string{name}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + strings.Join([]string{p.bin(), filepath.Dir(p.nix), os.Getenv("PATH")}, ":"),
		"HOME=" + p.home(), "LC_ALL=C.UTF-8", nixConfig(),
	}
	return cmd
}

// nixConfig is the configuration of the tests with what people have in their nix.conf. Nix
// builds one derivation at a time by default, and installers change that.
func nixConfig() string {
	return lanes.Env()[0] + "experimental-features = nix-command flakes\nmax-jobs = auto\n"
}

// output runs a command that must succeed, and returns its output.
func (p *place) output(tb testing.TB, dir, name string, args ...string) string {
	tb.Helper()
	cmd := p.command(context.Background(), dir, name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// scenario is a fleet on which contenders are measured in turn, round by round.
type scenario struct {
	name, about string
	fleet       bench.Fleet
	// fresh means that nothing is built before: each run gets a new fleet. Otherwise
	// everything is built beforehand.
	fresh      bool
	contenders []contender
	// targets returns what must hold for the results.
	targets func(got results) []target
}

// results are the runs of each contender, by name.
type results map[string][]usage

// run measures the scenario in as many rounds as the benchmark has.
func (s scenario) run(b *testing.B) {
	p := prepare(b)
	p.compile(b)
	s.fleet.System, s.fleet.Busybox = p.system(b), p.busybox
	if !s.fresh {
		s.fleet.Salt = p.salt()
		dir := p.write(b, s.fleet)
		p.measure(b, all, dir, b.TempDir())
	}
	caches := map[string]string{}
	for _, c := range s.contenders {
		if c.warm {
			caches[c.name] = b.TempDir()
			p.measure(b, c, p.write(b, s.fleet), caches[c.name])
		}
	}
	got := results{}
	for round := 0; b.Loop(); round++ {
		for _, c := range s.contenders {
			if c.once && round > 0 {
				continue
			}
			f := s.fleet
			f.Checks = c.checks
			if s.fresh {
				f.Salt = p.salt()
			}
			cache := caches[c.name]
			if cache == "" {
				cache = b.TempDir()
			}
			u := p.measure(b, c, p.write(b, f), cache)
			fmt.Fprintf(os.Stderr, "%s, round %d: %s: %s\n", s.name, round+1, c.name, u)
			got[c.name] = append(got[c.name], u)
		}
	}
	s.report(b, got)
}

// salt makes a name that no store has seen.
func (p *place) salt() string {
	salt := fmt.Sprintf("bench%d", time.Now().UnixNano())
	p.salts = append(p.salts, salt)
	return salt
}

// write makes a git repository of the fleet, with the list of its cells next to it.
func (p *place) write(tb testing.TB, f bench.Fleet) string {
	tb.Helper()
	dir := filepath.Join(p.dir, fmt.Sprintf("%s-%t", f.Salt, f.Checks), "fleet")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := f.Write(dir); err != nil {
		tb.Fatal(err)
	}
	var cells strings.Builder
	for _, cell := range f.Cells() {
		fmt.Fprintf(&cells, ".#%s\n", cell)
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "cells"), []byte(cells.String()), 0o666); err != nil {
		tb.Fatal(err)
	}
	p.output(tb, dir, "git", "init", "-q")
	p.output(tb, dir, "git", "add", "-A")
	p.output(tb, dir, "git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-qm", "fleet")
	return dir
}

// measure runs a contender, which must succeed.
func (p *place) measure(tb testing.TB, c contender, fleet, cache string) usage {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := p.command(ctx, fleet, c.argv[0], c.argv[1:]...)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache, "XDG_STATE_HOME="+cache, "XDG_DATA_HOME="+cache)
	log := filepath.Join(p.dir, "log")
	u := measure(tb, log, cmd)
	if u.code != 0 {
		text, _ := os.ReadFile(log) // it may be empty
		tb.Fatalf("%s: exit code %d\n%s", c.name, u.code, tail(string(text), 4000))
	}
	if len(u.left) > 0 {
		tb.Fatalf("%s left running: %v", c.name, u.left)
	}
	return u
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// made lists what the store has of the fleets: outputs, derivations, and the locks that
// failed builds leave.
func (p *place) made(tb testing.TB) []string {
	tb.Helper()
	dir, err := os.Open("/nix/store")
	if err != nil {
		tb.Fatal(err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		tb.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(p.salts, func(salt string) bool { return strings.Contains(name, salt) })
	})
}

// forget removes everything of the fleets from the store.
func (p *place) forget(tb testing.TB) {
	tb.Helper()
	args := []string{"store", "delete"}
	for _, name := range p.made(tb) {
		path := "/nix/store/" + name
		if strings.HasSuffix(name, ".lock") {
			_ = os.Remove(path) // works only if the store belongs to the user
		} else {
			args = append(args, path)
		}
	}
	if len(args) > 2 {
		p.output(tb, p.dir, "nix", args...)
	}
}

func (u usage) String() string {
	return fmt.Sprintf("%.2f s, CPU %.2f s, peak %d MiB, %d builds at once, own CPU %.2f s, own peak %d MiB",
		u.wall.Seconds(), u.cpu.Seconds(), u.peak>>20, u.builds, u.ownCPU.Seconds(), u.ownPeak>>20)
}
