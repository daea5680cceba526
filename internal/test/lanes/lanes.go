// Package lanes tells tests what to run with, above all which versions of Nix. `scripts/setup
// test` gets those and writes .cache/lanes: an old Nix, a current one, and extra ones to test the
// parsers with.
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
	Extra   bool   // not for end-to-end tests
}

// All returns the lanes of the end-to-end tests: those of Every without the extra ones.
func All(t *testing.T) []Lane {
	t.Helper()
	return slices.DeleteFunc(Every(t), func(l Lane) bool { return l.Extra })
}

// Heavy skips a test with -short (make check). What says why it is slow.
func Heavy(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("skipped with -short: it " + what)
	}
}

// Every returns all lanes, including the extra ones, oldest first; with -short only the
// newest. One that could not be set up becomes a skipped subtest with its name and the reason.
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

// Newest returns the current Nix.
func Newest(tb testing.TB) Lane {
	tb.Helper()
	list, _ := read(tb)
	return list[len(list)-1]
}

// read reads .cache/lanes, which has a line for each lane. The line of a lane that could not be
// set up has its name and the reason.
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

// Root returns the root of the repository.
func Root(tb testing.TB) string {
	tb.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		tb.Fatal("cannot tell where the repository is")
	}
	return filepath.Join(filepath.Dir(file), "../../..")
}

// Busybox returns the folder with the static busybox that fixtures build with.
func Busybox(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join(Root(tb), ".cache", "busybox")
	if _, err := os.Stat(filepath.Join(dir, "busybox")); err != nil {
		tb.Fatalf("no busybox for the fixtures (run make test, which gets it): %v", err)
	}
	return dir
}

// Guest returns the folder with the parts of the test guest, if it exists.
func Guest(tb testing.TB) (string, bool) {
	tb.Helper()
	dir := filepath.Join(Root(tb), ".cache", "guest")
	_, err := os.Stat(dir)
	return dir, err == nil
}

// Env returns the environment for tests of flakeci and Nix: Nix must work on a machine with
// only root, and without experimental features, because flakeci enables them by flag.
//
// The newest Nix reads all certificates of the machine whenever it opens a git tree, which is a
// quarter of the processor time of a short command. No test needs them.
//
// With -race, each process of the test binary (flakeci, and the supervisor of every nix)
// would sleep for a second at its end to detect late races. That was most of the time of the
// tests, so it is disabled. `make test` also builds a supervisor without the race detector.
func Env() []string {
	return []string{
		"NIX_CONFIG=build-users-group =\nsandbox = false\nsubstituters =\n",
		"SSL_CERT_FILE=/dev/null",
		"GORACE=atexit_sleep_ms=0",
		"SUPERVISOR_WITHOUT_RACE=" + os.Getenv("SUPERVISOR_WITHOUT_RACE"),
	}
}

// Overrides returns the arguments that replace the inputs of the example and the fixtures with
// the stand-ins: --override-input NAME REF, repeatedly.
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

// Stored returns overrides with the same inputs in the store.
func Stored(tb testing.TB, overrides []string) []string {
	tb.Helper()
	overrides = slices.Clone(overrides)
	for i, arg := range overrides {
		if dir, found := strings.CutPrefix(arg, "path:"); found && !strings.HasPrefix(dir, "/nix/store/") {
			overrides[i] = "path:" + inStore(tb, dir)
		}
	}
	return overrides
}

// inStore copies a folder into the store and returns its path there. Every Nix copies and
// hashes a `path:` input from elsewhere again: for the guest's 51 MB that was a third of a
// script's processor time. One in the store, under the name that flakes give it, is used
// directly.
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

// Limit returns a time limit for a test to set: minimum, or on a busy machine ten times as long as
// sample takes right now, in whole seconds. Sample does the kind of work that the limit must not
// cut short.
func Limit(minimum time.Duration, sample func()) time.Duration {
	start := time.Now()
	sample()
	return max(minimum, (10 * time.Since(start)).Round(time.Second))
}
