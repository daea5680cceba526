package journal

import (
	"bytes"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"github.com/flakeci/flakeci/internal/damage"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// However a journal is damaged, nothing passes in it that did not pass, or had another
// derivation, and the loss is reported, unless only the end is missing.
func TestDamagedJournals(t *testing.T) {
	f := fleet()
	failed := outcome.Result{Cell: f.cell(t, "nixos/b"), Status: result.Failed, DrvPath: "/nix/store/b.drv", Causes: []*result.Cause{{Title: "no"}}}
	f.results = []outcome.Result{passed(f.cell(t, "nixos/a")), failed, passed(f.cell(t, "home/joe@a"))}
	s := journalFile(t)
	end := outcome.Conclude(f.results, false)
	f.write(t, s, &end)
	good, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	truth := map[string]outcome.Result{}
	for _, r := range s.mustRead(t).results {
		truth[r.Cell.ID] = r
	}
	rng := rand.New(rand.NewPCG(1, 2))
	texts := damage.Replacements()
	for range 2000 {
		texts = append(texts, string(damage.Text(rng, good)))
	}
	unreadable := 0
	for _, text := range texts {
		j, err := Read(bytes.NewReader([]byte(text)))
		if err != nil {
			unreadable++
			continue
		}
		for id, r := range j.results {
			if !reflect.DeepEqual(r.Cell, truth[id].Cell) || r.Status != truth[id].Status || r.DrvPath != truth[id].DrvPath {
				t.Errorf("%.200q: %s is %+v", text, id, r)
			}
		}
		if lost := len(j.results) < len(truth); lost && !j.Damaged && bytes.HasSuffix([]byte(text), []byte("\n")) && bytes.Count([]byte(text), []byte("\n")) >= bytes.Count(good, []byte("\n")) {
			t.Errorf("%.200q: results are lost, and that is not reported", text)
		}
		if _, err := j.Outcome("killed"); err != nil && !j.Looking() {
			t.Errorf("%.200q: %v", text, err)
		}
		for id, r := range j.Earlier(true).Passed {
			if truth[id].Status != result.Passed || r.DrvPath != truth[id].DrvPath {
				t.Errorf("%.200q: %s would be taken over: %+v", text, id, r)
			}
		}
	}
	if unreadable == 0 || unreadable > len(texts)/2 {
		t.Errorf("%d of %d cannot be read at all", unreadable, len(texts))
	}
}

// A journal that begins before the flake is inspected keeps the old one until it is known
// that something is run. It always has what may be taken over.
func TestBegin(t *testing.T) {
	s := journalFile(t)
	f := fleet()
	f.results = []outcome.Result{passed(f.cell(t, "nixos/a"))}
	f.write(t, s, nil)
	before := s.mustRead(t)
	for _, keep := range []bool{false, true} {
		w, err := s.Begin(f.head, before.Earlier(false))
		if err != nil {
			t.Fatal(err)
		}
		if j := s.mustRead(t); !j.Head.Looking || j.Ended || len(j.Earlier(false).Passed) != 1 {
			t.Errorf("begun: %+v", j)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !keep {
			if err := s.Undo(); err != nil {
				t.Fatal(err)
			}
			if j := s.mustRead(t); j.Head.Looking || len(j.results) != 1 {
				t.Errorf("put back: %+v", j)
			}
			continue
		}
		if w, err = s.Create(f.head, f.offer, nil); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		if _, err := os.Stat(s.path + oldSuffix); err == nil {
			t.Error("the old journal is kept forever")
		}
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	w, err := s.Begin(f.head, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if err := s.Undo(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path); err == nil {
		t.Error("there is a journal and there was none")
	}
}
