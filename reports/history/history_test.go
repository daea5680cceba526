package history_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/result"
)

func open(t *testing.T, path string) *history.History {
	t.Helper()
	h, err := history.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

var day = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// runOn returns a run on a day, with one cell that took some seconds to build. What blames the
// flake has one cause, always the same.
func runOn(d int, status result.Status, how result.How, seconds float64) result.Report {
	var causes []string
	if status.BlamesFlake() {
		causes = []string{"c1"}
	}
	return result.Report{
		Causes:  []result.Cause{{ID: "c1", Key: "build-1", Kind: result.CauseBuild}},
		Started: day.AddDate(0, 0, d), Flake: result.Flake{Rev: fmt.Sprintf("rev%d", d)}, Verdict: result.VerdictPassed,
		Cells: []result.CellResult{{Cell: result.Cell{ID: "nixos/reason"}, Status: status, How: how, Causes: causes, Phases: []result.Phase{
			{Name: result.PhaseEval.Name(), Status: result.Passed, Duration: seconds / 10, Attempts: 1},
			{Name: result.PhaseBuild.Name(), Status: status, Duration: seconds},
		}}},
	}
}

func add(t *testing.T, h *history.History, flake string, runs ...result.Report) {
	t.Helper()
	for _, r := range runs {
		if err := h.Add(t.Context(), flake, r); err != nil {
			t.Fatal(err)
		}
	}
}

// An estimate is the median of how long builds took, whatever else happened.
func TestEstimate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history.db")
	h := open(t, path)
	add(
		t, h, "/fleet",
		runOn(1, result.Passed, result.Built, 10), runOn(2, result.Passed, result.Cached, 0.1), runOn(3, result.Failed, "", 99),
		runOn(4, result.Passed, result.Built, 30), runOn(5, result.Passed, result.Built, 20),
	)
	for d := range 4 {
		add(t, h, "/fleet", runOn(6+d, result.Passed, result.Cached, 0)) // its evaluation was already known
	}
	past, err := open(t, path).Past(t.Context(), "/fleet")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := past.Estimate("nixos/reason", "build"); !ok || got != 20*time.Second {
		t.Errorf("build: %s, %t", got, ok)
	}
	if got, ok := past.Estimate("nixos/reason", "eval"); !ok || got != 2*time.Second {
		t.Errorf("eval: %s, %t", got, ok)
	}
	if got := past.Seconds(); len(got) != 1 || got["nixos/reason"] != 22 {
		t.Errorf("seconds: %v", got)
	}
	if got, ok := past.Estimate("nixos/laptop", "build"); ok {
		t.Errorf("an unknown host takes %s", got)
	}
	if other, err := h.Past(t.Context(), "/other"); err != nil {
		t.Error(err)
	} else if got, ok := other.Estimate("nixos/reason", "build"); ok {
		t.Errorf("another flake's host takes %s", got)
	}
	var none *history.Past
	if _, ok := none.Estimate("nixos/reason", "build"); ok {
		t.Error("a nil Past knows something")
	}
}

// failsSince returns since when the cell of [runOn] has failed for its cause.
func failsSince(t *testing.T, h *history.History, flake string) *result.Since {
	t.Helper()
	s, err := h.FailsSince(t.Context(), flake, "nixos/reason", "build-1")
	if err != nil {
		t.Fatal(err)
	}
	return s["build-1"]
}

func TestFailsSince(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	since := func() *result.Since { return failsSince(t, h, "/fleet") }
	if s := since(); s != nil {
		t.Errorf("an unknown cell fails since %+v", s)
	}
	add(t, h, "/fleet", runOn(1, result.Failed, "", 1), runOn(2, result.Passed, result.Built, 1))
	if s := since(); s != nil {
		t.Errorf("a cell that passed fails since %+v", s)
	}
	add(
		t, h, "/fleet", runOn(3, result.DependencyFailed, "", 1), runOn(4, result.Canceled, "", 1), runOn(5, result.Error, "", 1),
		runOn(6, result.TimedOut, "", 1),
	)
	want := result.Since{Rev: "rev3", Started: day.AddDate(0, 0, 3), Runs: 2}
	if s := since(); s == nil || *s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

// After a clock was set back, the runs with later dates are still the earlier ones.
func TestClockGoesBack(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	for d := range 60 {
		add(t, h, "/fleet", runOn(1000+d, result.Failed, "", 60))
	}
	add(t, h, "/fleet", runOn(1, result.Passed, result.Built, 10), runOn(2, result.Failed, "", 1))
	want := result.Since{Rev: "rev2", Started: day.AddDate(0, 0, 2), Runs: 1}
	if s := failsSince(t, h, "/fleet"); s == nil || *s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	past, err := h.Past(t.Context(), "/fleet")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := past.Estimate("nixos/reason", "build"); !ok || got != 10*time.Second {
		t.Errorf("build: %s, %t", got, ok)
	}
}

// The history has a limited size.
func TestIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path)
	add(t, h, "/old", runOn(-200, result.Passed, result.Built, 1))
	for d := range 60 {
		add(t, h, "/fleet", runOn(d, result.Failed, "", 1))
	}
	if s := failsSince(t, h, "/fleet"); s == nil || s.Runs != 50 || s.Rev != "rev10" {
		t.Errorf("%+v", s)
	}
	if s := failsSince(t, h, "/old"); s != nil {
		t.Errorf("%+v", s)
	}
	var causes int
	if err := direct(t, path).QueryRow("SELECT count(*) FROM cause").Scan(&causes); err != nil || causes != 50 {
		t.Errorf("%d causes, %v", causes, err)
	}
	var phases int
	if err := direct(t, path).QueryRow("SELECT count(*) FROM phase").Scan(&phases); err != nil || phases != 150 {
		t.Errorf("%d phases, %v", phases, err)
	}
}

func direct(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Several processes may use the file at once, even the first time.
func TestAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%?#.db")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			h, err := history.Open(context.WithoutCancel(t.Context()), path)
			if err != nil {
				t.Error(err)
				return
			}
			for d := range 5 {
				if err := h.Add(context.WithoutCancel(t.Context()), "/fleet", runOn(n*5+d, result.Failed, "", 1)); err != nil {
					t.Error(err)
				}
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := failsSince(t, open(t, path), "/fleet"); s == nil || s.Runs != 40 {
		t.Errorf("%+v", s)
	}
}

// An unusable file is an error, and stays unchanged.
func TestUnusable(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.db")
	if err := os.WriteFile(broken, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if h, err := history.Open(t.Context(), broken); err == nil {
		_ = h.Close()
		t.Error("a text is taken for a database")
	}
	if text, err := os.ReadFile(broken); err != nil || !strings.HasPrefix(string(text), "no database no database") {
		t.Errorf("it was changed: %.30q, %v", text, err)
	}
	if _, err := history.Open(t.Context(), filepath.Join(broken, "below", "history.db")); err == nil {
		t.Error("a file is taken for a folder")
	}
	newer := filepath.Join(dir, "newer.db")
	if _, err := direct(t, newer).Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	var isNewer *history.NewerError
	if _, err := history.Open(t.Context(), newer); !errors.As(err, &isNewer) {
		t.Errorf("error is %v", err)
	}
}

func TestAPipeIsNoHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if h, err := history.Open(t.Context(), path); err == nil {
		_ = h.Close()
		t.Error("a pipe is taken for a database")
	}
}

// A link next to the file is not followed, and a pipe there is not waited for.
func TestLinksBesideIt(t *testing.T) {
	for _, end := range []string{"-wal", "-shm", "-journal"} {
		for name, put := range map[string]func(other, path string) error{
			"link": os.Symlink,
			"pipe": func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
		} {
			path, other := filepath.Join(t.TempDir(), "history.db"), filepath.Join(t.TempDir(), "other")
			if err := errors.Join(open(t, path).Close(), os.WriteFile(other, []byte("other"), 0o600)); err != nil {
				t.Fatal(err)
			}
			if err := put(other, path+end); err != nil {
				t.Fatal(err)
			}
			if h, err := history.Open(t.Context(), path); err == nil {
				_ = h.Close()
				t.Errorf("a %s is taken for %s", name, end)
			}
			if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
				t.Errorf("%s: the other file holds %.20q, %v", end, text, err)
			}
		}
	}
}

// Users may keep the file elsewhere.
func TestTheFileMayBeALink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "history.db")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		add(t, open(t, path), "flake", runOn(0, result.Passed, result.Built, 1))
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); err != nil {
		t.Error(err)
	}
}

// The file of an older flakeci, without causes, is updated and keeps its durations. It cannot say
// since when a cause has been failing.
func TestMigrateOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path)
	add(t, h, "/fleet", runOn(1, result.Failed, "", 1))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := direct(t, path).Exec("DROP TABLE cause; PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	h = open(t, path)
	if s := failsSince(t, h, "/fleet"); s != nil {
		t.Errorf("failing since %+v", s)
	}
	add(t, h, "/fleet", runOn(2, result.Failed, "", 1), runOn(3, result.Failed, "", 1))
	if s := failsSince(t, h, "/fleet"); s == nil || s.Runs != 2 || s.Rev != "rev2" {
		t.Errorf("failing since %+v", s)
	}
	past, err := h.Past(t.Context(), "/fleet")
	if _, ok := past.Estimate("nixos/reason", "eval"); err != nil || !ok {
		t.Errorf("the durations are lost: %v", err)
	}
}
