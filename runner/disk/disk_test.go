package disk_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/disk"
)

// store is a store with the derivations old, common, and one and two, which need common.
type store struct {
	*testing.T
	*nix.Client
	lane   lanes.Lane
	root   string // empty for the machine's own
	drv    map[string]string
	out    map[string]string
	links  string
	keeper *disk.Keeper
}

const expr = `let b = name: text: derivation { inherit name; system = "x86_64-linux"; builder = "${builtins.path { path = %q; name = "busybox"; }}/busybox"; args = [ "sh" "-c" "echo ${text} %s >$out" ]; };
	common = b "common" ""; in { inherit common; old = b "old" ""; one = b "one" "${common}"; two = b "two" "${common}"; }`

func newStore(t *testing.T, lane lanes.Lane, own bool) *store {
	t.Helper()
	s := &store{T: t, lane: lane, drv: map[string]string{}, out: map[string]string{}, links: t.TempDir()}
	if own {
		s.root = t.TempDir()
	}
	var err error
	if s.Client, err = nix.Find(t.Context(), nix.Options{Path: lane.Nix, Store: s.root, Env: append(os.Environ(), lanes.Env()...)}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "default.nix")
	text := fmt.Sprintf(expr, lanes.Busybox(t), fmt.Sprint(time.Now().UnixNano()))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old", "common", "one", "two"} {
		s.drv[name] = s.nix("eval", "--raw", "--file", file, name+".drvPath")
		s.out[name] = s.nix("eval", "--raw", "--file", file, name+".outPath")
	}
	return s
}

// nix runs Nix, and returns what it prints.
func (s *store) nix(args ...string) string {
	s.Helper()
	args = append([]string{"--extra-experimental-features", "nix-command"}, args...)
	if s.root != "" {
		args = append(args, "--store", s.root)
	}
	cmd := exec.CommandContext(s.Context(), s.lane.Nix, args...)
	cmd.Env = append(os.Environ(), lanes.Env()...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.Fatalf("nix %q: %v\n%s", args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func (s *store) build(names ...string) {
	s.Helper()
	for _, name := range names {
		if b, err := s.Build(s.Context(), []string{s.drv[name]}, 1, nixlog.BuildWatcher{}); err != nil || len(b.Failures) > 0 {
			s.Fatalf("%s: %v %+v", name, err, b.Failures)
		}
	}
}

// has returns which of the derivations are built.
func (s *store) has() string {
	var list []string
	for _, name := range []string{"old", "common", "one", "two"} {
		if _, err := os.Lstat(s.root + s.out[name]); err == nil {
			list = append(list, name)
		}
	}
	return strings.Join(list, " ")
}

// full has a process run out of space when nothing else runs. It reports whether the keeper made room.
func (s *store) full() bool {
	p := s.keeper.Begin([]string{"/nix/store/none.drv"})
	defer s.keeper.End(p)
	s.keeper.Try(s.Context(), p, func(context.Context) {})
	room := s.keeper.Full(s.Context(), p)
	if text := s.keeper.Misfit(p); text != "" {
		s.Errorf("the disk never got full, but it is said that the build %s", text)
	}
	return room
}

// Only what the run added is deleted, once no unfinished cell and no root needs it.
func TestOnlyOwnGarbage(t *testing.T) {
	for _, lane := range lanes.All(t) {
		for _, own := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s own=%t", lane.Version, own), func(t *testing.T) {
				if !own && os.Getuid() != 0 {
					t.Skip("only root builds in the machine's own store")
				}
				s := newStore(t, lane, own)
				s.build("old")
				s.keeper = disk.New(t.Context(), disk.Options{Store: s.Client, Root: s.root, Links: s.links, Warnf: t.Errorf})
				s.keeper.Planned([]string{s.drv["old"], s.drv["common"], s.drv["one"], s.drv["two"]}, nil)
				s.keeper.Want(s.drv["one"])
				s.keeper.Want(s.drv["two"])
				s.keeper.Want("/nix/store/00000000000000000000000000000000-gone.drv") // only the report of a base names it
				s.keeper.AllKnown()
				s.build("one", "two")
				s.nix("build", s.out["one"], "--out-link", filepath.Join(s.links, disk.LinkPrefix+"1"))
				user := filepath.Join(t.TempDir(), "user")
				s.nix("build", s.out["two"], "--out-link", user)
				expect := func(when, want string, room bool) {
					t.Helper()
					if got := s.full(); got != room || s.has() != want {
						t.Errorf("%s: room %t, and %q are there, want %q", when, got, s.has(), want)
					}
				}
				expect("while both are wanted", "old common one two", false)
				s.keeper.LetGo(s.drv["one"])
				expect("once one is finished", "old common two", true)
				s.keeper.LetGo(s.drv["two"])
				expect("while the user has a root", "old common two", false)
				if err := os.Remove(user); err != nil {
					t.Fatal(err)
				}
				expect("without the root", "old", true)
				if d := s.keeper.Report(); d.DeletedPaths != 3 || d.DeletedBytes < 3 || d.LowestFreeBytes > d.SizeBytes {
					t.Errorf("reports %+v", d)
				}
			})
		}
	}
}

// The first build runs alone, then cells of the same host come first.
func TestOrder(t *testing.T) {
	s := newStore(t, lanes.Newest(t), true)
	k := disk.New(t.Context(), disk.Options{Store: s.Client, Root: s.root, Links: s.links, Warnf: t.Errorf})
	k.Planned([]string{s.drv["one"]}, nil)
	entered := make(chan string)
	enter := func(drv, host string) {
		turn := k.Queue(result.Cell{ID: drv, Host: host}, drv)
		go func() {
			k.Enter(t.Context(), turn)
			entered <- drv
		}()
	}
	enter("a", "red")
	if got := <-entered; got != "a" {
		t.Fatalf("%s enters", got)
	}
	enter("b", "blue")
	enter("c", "red")
	select {
	case got := <-entered:
		t.Fatalf("%s enters before the first has ended", got)
	case <-time.After(50 * time.Millisecond): // it would be at once
	}
	k.Built("a")
	k.Leave("a")
	if first, second := <-entered, <-entered; first+second != "cb" && first+second != "bc" {
		t.Errorf("%s and %s enter", first, second)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k.Enter(ctx, k.Queue(result.Cell{ID: "d"}, "d")) // does not wait once the run has ended
}

// A process that ran out of space next to another tries again when that has ended.
func TestWaitsForOthers(t *testing.T) {
	s := newStore(t, lanes.Newest(t), true)
	k := disk.New(t.Context(), disk.Options{Store: s.Client, Root: s.root, Links: s.links, Warnf: t.Errorf})
	k.Planned([]string{s.drv["one"]}, nil)
	k.AllKnown()
	a, b := k.Begin([]string{s.drv["one"]}), k.Begin([]string{s.drv["two"]})
	nothing := func(context.Context) {}
	k.Try(t.Context(), a, nothing)
	k.Try(t.Context(), b, nothing)
	first, second := make(chan bool), make(chan bool)
	go func() { first <- k.Full(t.Context(), a) }()
	go func() { second <- k.Full(t.Context(), b) }()
	var other chan bool
	select { // one of them gives way, and waits
	case again := <-first:
		if other = second; !again {
			t.Error("the first does not try again")
		}
		k.End(a)
	case again := <-second:
		if other = first; !again {
			t.Error("the second does not try again")
		}
		k.End(b)
	}
	if !<-other {
		t.Error("the one that gave way does not try again")
	}
}

// Without the files of derivations nothing is deleted, which is reported once, and builds still
// begin.
func TestUnreadableStore(t *testing.T) {
	warnings := 0
	k := disk.New(t.Context(), disk.Options{Root: t.TempDir(), Warnf: func(string, ...any) { warnings++ }})
	k.AllKnown()
	for _, drv := range []string{"/nix/store/a.drv", "/nix/store/b.drv"} {
		k.Want(drv)
		k.Planned([]string{drv}, nil)
		k.Enter(t.Context(), k.Queue(result.Cell{ID: drv}, drv))
		k.Built(drv)
		k.LetGo(drv)
		k.Leave(drv)
	}
	if warnings != 1 || k.Note() != "" {
		t.Errorf("%d warnings, and %q", warnings, k.Note())
	}
}

func TestRoot(t *testing.T) {
	for store, want := range map[string]string{
		"": "", "auto": "", "daemon": "", "local": "", "unix:///run/socket": "", "/mnt": "/mnt", "./store": "store",
		"local?root=/mnt": "/mnt", "local?log=/x&root=/mnt": "/mnt",
		"ssh-ng://host": "no", "ssh://host": "no", "https://cache": "no", "s3://bucket": "no", "file:///cache": "no", "dummy://": "no", "odd": "no",
	} {
		got, ok := disk.Root(store)
		if !ok {
			got = "no"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", store, got, want)
		}
	}
}
