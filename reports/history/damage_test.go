package history_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/damage"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/result"
)

// Whatever happens to the file, it works or gives an error. A damaged file can be set aside and
// made anew.
func TestDamagedHistory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "history.db")
	r := result.Report{Started: time.Now(), Cells: []result.CellResult{{Cell: result.Cell{ID: "nixos/a"}, Status: result.Failed, Phases: []result.Phase{{Name: result.ParsePhaseName("build"), Status: result.Failed, Duration: 1}}}}}
	use := func() error {
		h, err := history.Open(t.Context(), path)
		if err != nil {
			return err
		}
		_, past := h.Past(t.Context(), "flake")
		_, since := h.FailsSince(t.Context(), "flake", "nixos/a", "build-1")
		return errors.Join(past, since, h.Add(t.Context(), "flake", r), h.Close())
	}
	if err := use(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	texts := damage.Replacements()
	for range 60 {
		texts = append(texts, string(damage.Text(rng, good)))
	}
	damaged := 0
	for _, text := range texts {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + end)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := use(); !history.IsDamaged(err) {
			continue
		}
		damaged++
		renamed, err := history.SetAside(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(renamed); err != nil {
			t.Errorf("%.40q: the damaged file is lost: %v", text, err)
		}
		if err := use(); err != nil {
			t.Errorf("%.40q: made anew: %v", text, err)
		}
	}
	if damaged == 0 {
		t.Error("no file was damaged")
	}
}

// No flakeci writes a negative number of migrations.
func TestAnotherSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	if _, err := direct(t, path).Exec("PRAGMA user_version = -5"); err != nil {
		t.Fatal(err)
	}
	var other *history.SchemaError
	if _, err := history.Open(t.Context(), path); !errors.As(err, &other) {
		t.Errorf("error is %v", err)
	}
}
