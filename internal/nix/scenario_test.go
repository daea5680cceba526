package nix

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/recordings"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/remote"
)

// files are the files of a flake by their path. A path that starts with ../ is next to the
// flake. In their text, @SCRATCH@ is the folder around the flake. @NONCE@ is new in each run,
// so that a derivation is not in the store yet.
type files map[string]string

// scenario is a flake with questions about it. It runs with the real Nix of each lane and
// with recordings of their output, and must give the same answers.
type scenario struct {
	name string
	// tracked is committed, dirty is only in git's index, untracked is not known to git.
	tracked, dirty, untracked files
	noGit                     bool
	// subfolder has the flake, if it is not at the root of the repository.
	subfolder string
	settings  [][2]string
	// daemon makes Nix use a daemon.
	daemon bool
	// remote prepares a second machine for the scenario, and makes it a builder of settings.
	remote func(t *testing.T, m *remote.Machine)
	// replayed is set if no Nix reads the files, so that git need not run.
	replayed bool
	ask      func(w *world)
}

// world is the environment of a scenario.
type world struct {
	*testing.T
	client *Client
	// root is the repository, dir the flake's folder in it, scratch the folder around
	// both. tmp is for wrappers.
	root, dir, scratch, tmp string
}

func (w *world) old() bool { return w.client.Version.Less(Version{2, 20, 0}) }

func (w *world) open(ref string, o FlakeOptions) (*Target, error) {
	return w.client.Open(w.Context(), ref, o, w.tmp)
}

// mustOpen opens the flake of the scenario.
func (w *world) mustOpen() *Target {
	w.Helper()
	target, err := w.open(w.dir, FlakeOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return target
}

// host evaluates a host by name.
func (w *world) host(target *Target, name string) (question.Instance, error) {
	in, err := instantiate(w.Context(), target, question.Question{Path: []string{"nixosConfigurations", name, "config", "system", "build", "toplevel"}})
	return in, err
}

// testScenarios runs all scenarios with every lane and with every recording.
func testScenarios(t *testing.T, scenarios []scenario) {
	t.Parallel()
	for _, lane := range realNix(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					s.live(t, lane)
				})
			}
		})
	}
	if updating() {
		return
	}
	versions, err := filepath.Glob("testdata/[0-9]*")
	if err != nil || len(versions) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, dir := range versions {
		t.Run("recorded-"+filepath.Base(dir), func(t *testing.T) {
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					s.recorded(t, dir)
				})
			}
		})
	}
}

// realNix lists the lanes to run with. One more is only for making recordings.
func realNix(t *testing.T) []lanes.Lane {
	t.Helper()
	if updating() {
		return lanes.Every(t)
	}
	return lanes.All(t)
}

func (s scenario) live(t *testing.T, lane lanes.Lane) {
	w, places := s.world(t)
	var env []string
	if s.daemon {
		env = startDaemon(t, lane, filepath.Join(w.scratch, "socket"))
	}
	if s.remote != nil {
		lanes.Heavy(t, "starts sshd")
		m := remote.Start(t, lane.Nix)
		env = append(env, "NIX_SSHOPTS="+m.Options())
		places = append(places, neutral{{"/remote", m.Dir()}}...)
		s.remote(t, m)
	}
	if updating() {
		tape := t.TempDir()
		env = append(env, "TAPE="+tape, "NIX="+lane.Nix)
		t.Cleanup(func() { keep(t, tape, filepath.Join("testdata", lane.Version, s.name+".txtar"), places) })
		w.client = find(t, Options{Path: "testdata/record", Settings: s.settings, Env: env})
		w.client.answerPrefix = recordedPrefix
	} else {
		w.client = newClient(testOptions(Options{Path: lane.Nix, Settings: s.settings, Env: env}))
		w.client.Version = versionOf(t, lane)
	}
	s.ask(w)
}

// startDaemon starts a daemon for the test, and returns the environment in which Nix uses it.
func startDaemon(t *testing.T, lane lanes.Lane, socket string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be a daemon for the store")
	}
	cmd := exec.Command(lane.Nix, "--extra-experimental-features", "nix-command", "daemon")
	cmd.Env = append(testEnv(), "NIX_DAEMON_SOCKET_PATH="+socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 200 {
		if exists(socket) {
			return []string{"NIX_REMOTE=daemon", "NIX_DAEMON_SOCKET_PATH=" + socket}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the daemon does not start")
	return nil
}

// versionOf asks each binary for its version only once for all scenarios.
func versionOf(t testing.TB, lane lanes.Lane) Version {
	t.Helper()
	if v, ok := versions.Load(lane.Nix); ok {
		return v.(Version)
	}
	v := find(t, Options{Path: lane.Nix}).Version
	versions.Store(lane.Nix, v)
	return v
}

var versions sync.Map // by path

func (s scenario) recorded(t *testing.T, dir string) {
	s.replayed = true
	w, places := s.world(t)
	tape := t.TempDir()
	recording(recordings.Read(t, filepath.Join(dir, s.name+".txtar"))).unpack(t, tape, places)
	w.client = newClient(Options{Path: "testdata/record", Env: append(append(os.Environ(), lanes.Env()...), "TAPE="+tape)})
	w.client.answerPrefix = recordedPrefix
	w.client.config, _ = w.client.askConfig(t.Context()) // as Find did when it was recorded
	var err error
	if w.client.Version, err = parseVersion(filepath.Base(dir)); err != nil {
		t.Fatal(err)
	}
	s.ask(w)
}

func updating() bool { return os.Getenv("UPDATE_RECORDINGS") != "" }

// world writes the scenario's files.
func (s scenario) world(t *testing.T) (*world, neutral) {
	scratch := t.TempDir()
	root := filepath.Join(scratch, "checkout")
	w := &world{T: t, root: root, dir: filepath.Join(root, s.subfolder), scratch: scratch, tmp: t.TempDir()}
	fill := strings.NewReplacer("@SCRATCH@", scratch, "@NONCE@", rand.Text())
	s.tracked.write(t, root, fill)
	switch {
	case s.noGit:
	case s.replayed:
		files{".git/HEAD": ""}.write(t, root, fill)
	default:
		git(t, root, "init", "--quiet", "--initial-branch", "main")
		git(t, root, "add", ".")
		git(t, root, "commit", "--quiet", "--message", "first")
	}
	s.dirty.write(t, root, fill)
	if s.dirty != nil && !s.replayed {
		git(t, root, "add", ".")
	}
	s.untracked.write(t, root, fill)
	return w, neutral{{"/checkout", root}, {"/scratch", scratch}, {"/wrappers", w.tmp}, {"/cache", cache}}
}

func (f files) write(t testing.TB, dir string, fill *strings.Replacer) {
	t.Helper()
	for name, text := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
		// Nix compares the age of an input with the lock file.
		for _, p := range []string{path, filepath.Dir(path)} {
			if err := os.Chtimes(p, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// git runs git so that the same files give the same revision everywhere.
func git(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// find returns a client for a binary, with the environment of tests.
func find(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := Find(t.Context(), testOptions(o))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recordedPrefix is the same in every recording.
const recordedPrefix = "flakeci-answer:"

func testOptions(o Options) Options {
	o.Env, o.Settings = append(testEnv(), o.Env...), append(testSettings(), o.Settings...)
	return o
}

// hosts returns a flake.nix with hosts, each given by its name and the Nix expression of its
// toplevel.
func hosts(pairs ...string) string {
	var b strings.Builder
	b.WriteString("{\n  outputs = { self, ... }@inputs: {\n")
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "    nixosConfigurations.%s.config.system.build.toplevel = %s;\n", pairs[i], pairs[i+1])
	}
	b.WriteString("  };\n}\n")
	return b.String()
}
