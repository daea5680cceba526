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
	// warm keeps the caches of an earlier run; otherwise there are none.
	warm bool
	// once measures it only in the first round, as it is slow.
	once bool
	// checks uses the fleet with checks.
	checks bool
}

// The other contenders are what people run today. The file cells has an installable per line.
var (
	loop    = contender{name: "a loop of `nix build`", argv: []string{"sh", "-c", `while read -r cell; do nix build --no-link "$cell" || exit; done <../cells`}}
	xargs   = contender{name: "`xargs -P2 nix build`", argv: []string{"xargs", "-d", "\\n", "-n1", "-P2", "-a", "../cells", "nix", "build", "--no-link"}}
	all     = contender{name: "one `nix build` of all", argv: []string{"xargs", "-d", "\\n", "-a", "../cells", "nix", "build", "--no-link", "--keep-going"}}
	check   = contender{name: "`nix flake check`", argv: []string{"nix", "flake", "check"}, checks: true}
	flakeci = contender{name: "flakeci", argv: []string{"flakeci", "run", "--progress", "quiet"}}
)

// with adds arguments, also to the name.
func (c contender) with(args ...string) contender {
	c.name = strings.Join(append([]string{c.name}, args...), " ")
	c.argv = slices.Concat(c.argv, args)
	return c
}

// warmed keeps the caches of an earlier run.
func (c contender) warmed() contender {
	c.warm = true
	return c
}

// inFirstRound measures it only in the first round.
func (c contender) inFirstRound() contender {
	c.once = true
	return c
}

// workspace holds the files of a benchmark.
type workspace struct {
	dir     string
	nix     string   // the Nix that all contenders use
	busybox string   // in the store
	salts   []string // of all fleets so far
}

// prepare adds to the store what fleets need.
func prepare(tb testing.TB) *workspace {
	tb.Helper()
	p := &workspace{dir: tb.TempDir(), nix: lanes.Newest(tb).Nix}
	for _, dir := range []string{p.bin(), p.home()} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			tb.Fatal(err)
		}
	}
	p.busybox = p.output(tb, p.dir, "nix", "store", "add-path", "--name", "busybox", lanes.Busybox(tb))
	tb.Cleanup(func() { p.cleanStore(tb) })
	return p
}

func (p *workspace) bin() string  { return filepath.Join(p.dir, "bin") }
func (p *workspace) home() string { return filepath.Join(p.dir, "home") }

// compile adds flakeci to the commands.
func (p *workspace) compile(tb testing.TB) {
	tb.Helper()
	build := exec.Command("go", "build", "-trimpath", "-o", p.bin(), "./cmd/flakeci")
	build.Dir, build.Env = lanes.Root(tb), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
}

// system returns Nix's name of this machine's system.
func (p *workspace) system(tb testing.TB) string {
	tb.Helper()
	return p.output(tb, p.dir, "nix", "eval", "--raw", "--impure", "--expr", "builtins.currentSystem")
}

// command returns a command to run in a folder. It has its own environment, as a shell's settings
// for Nix must not apply.
func (p *workspace) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	// env looks it up in the command's PATH, not in this process's.
	cmd := exec.CommandContext(ctx, "env", append([]string{name}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + strings.Join([]string{p.bin(), filepath.Dir(p.nix), os.Getenv("PATH")}, ":"),
		"HOME=" + p.home(), "LC_ALL=C.UTF-8", nixConfig(),
	}
	return cmd
}

// nixConfig is the tests' configuration, with typical settings of a nix.conf. By default Nix builds
// one derivation at a time, but installers change that.
func nixConfig() string {
	return lanes.Env()[0] + "experimental-features = nix-command flakes\nmax-jobs = auto\n"
}

// output runs a command that must succeed.
func (p *workspace) output(tb testing.TB, dir, name string, args ...string) string {
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

// scenario is a task for contenders, which run in turn, round by round.
type scenario struct {
	name, about string
	fleet       bench.Fleet
	// fresh gives each run a new fleet, with nothing built. Otherwise everything is built before.
	fresh      bool
	contenders []contender
	// targets returns the targets for the results.
	targets func(got results) []target
}

// results are the runs of each contender, by name.
type results map[string][]usage

// run measures the scenario, a round for each iteration of the benchmark.
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

// salt returns a salt that no store has.
func (p *workspace) salt() string {
	salt := fmt.Sprintf("bench%d", time.Now().UnixNano())
	p.salts = append(p.salts, salt)
	return salt
}

// write makes a git repository of the fleet, and the file cells next to it.
func (p *workspace) write(tb testing.TB, f bench.Fleet) string {
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

// measure runs a contender that must succeed.
func (p *workspace) measure(tb testing.TB, c contender, fleet, cache string) usage {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := p.command(ctx, fleet, c.argv[0], c.argv[1:]...)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache, "XDG_STATE_HOME="+cache, "XDG_DATA_HOME="+cache)
	log := filepath.Join(p.dir, "log")
	u := measure(tb, log, cmd)
	if u.code != 0 {
		text, _ := os.ReadFile(log) // may be missing
		tb.Fatalf("%s: exit code %d\n%s", c.name, u.code, tail(string(text), 4000))
	}
	if len(u.leftover) > 0 {
		tb.Fatalf("%s left running: %v", c.name, u.leftover)
	}
	return u
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// storePaths lists the fleets' paths in the store: outputs, derivations, and the locks that failed
// builds leave.
func (p *workspace) storePaths(tb testing.TB) []string {
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

// cleanStore removes the fleets from the store.
func (p *workspace) cleanStore(tb testing.TB) {
	tb.Helper()
	args := []string{"store", "delete"}
	for _, name := range p.storePaths(tb) {
		path := "/nix/store/" + name
		if strings.HasSuffix(name, ".lock") {
			_ = os.Remove(path) // fails if another user owns the store
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
