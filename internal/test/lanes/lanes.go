// Package lanes tells tests which Nix binaries to run with. `scripts/setup test`
// gets them and writes .cache/lanes: an old Nix, a current one, and extra ones
// whose output the parsers are tried on.
package lanes

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Lane is one Nix to test with.
type Lane struct {
	Version string // such as 2.8.0
	Nix     string // path of the binary
	Extra   bool   // not for the end-to-end tests
}

// All gives the lanes of the end-to-end tests, as Every does.
func All(t *testing.T) []Lane {
	t.Helper()
	return slices.DeleteFunc(Every(t), func(l Lane) bool { return l.Extra })
}

// Heavy skips a test with -short (make check), and says what it would do.
func Heavy(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("skipped with -short: it " + what)
	}
}

// Every gives all lanes, the extra ones too, the oldest first, and with -short the newest
// alone. One that could not be set up becomes a skipped subtest with its name and the
// reason.
func Every(t *testing.T) []Lane {
	t.Helper()
	if testing.Short() {
		return []Lane{Newest(t)}
	}
	list, skipped := read(t)
	for name, reason := range skipped {
		t.Run(name, func(t *testing.T) { t.Skipf("lane %s: %s", name, reason) })
	}
	return list
}

// Newest gives the current Nix, for benchmarks.
func Newest(tb testing.TB) Lane {
	tb.Helper()
	list, _ := read(tb)
	return list[len(list)-1]
}

// read reads .cache/lanes: a line for each lane, and for each that could not be
// set up its name and the reason.
func read(tb testing.TB) (list []Lane, skipped map[string]string) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(Root(tb), ".cache", "lanes"))
	if err != nil {
		tb.Fatalf("no Nix to test with (run make test, which gets it): %v", err)
	}
	skipped = map[string]string{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case len(f) == 3 && f[0] == "skipped":
			skipped[f[1]] = f[2]
		case len(f) >= 2:
			list = append(list, Lane{Version: f[0], Nix: f[1], Extra: len(f) > 2 && f[2] == "extra"})
		}
	}
	if len(list) == 0 {
		tb.Fatal("no lane at all in .cache/lanes; run make test")
	}
	return list, skipped
}

// Root is the root of the repository.
func Root(tb testing.TB) string {
	tb.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		tb.Fatal("cannot tell where the repository is")
	}
	return filepath.Join(filepath.Dir(file), "../../..")
}

// Busybox is the folder with the static busybox that fixtures build with.
func Busybox(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join(Root(tb), ".cache", "busybox")
	if _, err := os.Stat(filepath.Join(dir, "busybox")); err != nil {
		tb.Fatalf("no busybox for the fixtures (run make test, which gets it): %v", err)
	}
	return dir
}

// Guest is the folder with what the test guest is made of, if it is there.
func Guest(tb testing.TB) (string, bool) {
	tb.Helper()
	dir := filepath.Join(Root(tb), ".cache", "guest")
	_, err := os.Stat(dir)
	return dir, err == nil
}

// Env is what flakeci and Nix need in their environment when they are tested: what
// makes Nix work on a machine with nothing but root, without experimental features,
// for flakeci switches them on by flag.
//
// With -race each program that is the test binary would sleep for a second at its
// end, to see races that come late: flakeci, and the supervisor of every nix. That was
// most of the time of the tests, and is done without. `make test` also builds a
// supervisor without the race detector.
func Env() []string {
	return []string{
		"NIX_CONFIG=build-users-group =\nsandbox = false\nsubstituters =\n",
		"GORACE=atexit_sleep_ms=0",
		"SUPERVISOR_WITHOUT_RACE=" + os.Getenv("SUPERVISOR_WITHOUT_RACE"),
	}
}

// Overrides are the arguments that put the stand-ins in the place of the
// example's and the fixtures' inputs: --override-input NAME REF, again and
// again.
func Overrides(tb testing.TB) []string {
	tb.Helper()
	inputs := filepath.Join(Root(tb), "testdata", "inputs")
	busybox := "path:" + inStore(tb, Busybox(tb))
	args := []string{"--override-input", "busybox", busybox, "--override-input", "nixpkgs/busybox", busybox}
	if guest, ok := Guest(tb); ok {
		args = append(args, "--override-input", "nixpkgs/guest", "path:"+inStore(tb, guest))
	}
	for _, name := range []string{"nixpkgs", "home-manager", "sops-nix", "stylix"} {
		args = append(args, "--override-input", name, "path:"+filepath.Join(inputs, name))
	}
	return args
}

// inStore copies a folder into the store and returns its path there. Every Nix copies and
// hashes a `path:` input from elsewhere again: for the guest's 51 MB that was a third of a
// script's processor time. One in the store, under the name that flakes give it, is used
// as it is.
func inStore(tb testing.TB, dir string) string {
	tb.Helper()
	cmd := exec.Command(Newest(tb).Nix, "store", "add-path", "--name", "source", "--extra-experimental-features", "nix-command", dir)
	cmd.Env = append(os.Environ(), Env()...)
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("nix store add-path %s: %v", dir, err)
	}
	return strings.TrimSpace(string(out))
}

// Limit is a time limit for a test to give: least, or on a busy machine ten times as
// long as sample takes right now, in whole seconds. Sample is a piece of work like the
// one that the limit must not cut short.
func Limit(least time.Duration, sample func()) time.Duration {
	start := time.Now()
	sample()
	return max(least, (10 * time.Since(start)).Round(time.Second))
}
