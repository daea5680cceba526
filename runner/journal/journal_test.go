package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/quick"
	"time"

	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// fill sets every exported field to something, so that the test covers each field that is added
// to the types of the runner. Pointers to causes are taken from the list.
func fill(v reflect.Value, rng *rand.Rand, causes []*result.Cause) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(rng.Int63n(1<<33), rng.Int63n(1e9)).UTC()))
		return
	case v.Type() == reflect.TypeFor[*result.Cause]():
		v.Set(reflect.ValueOf(causes[rng.Intn(len(causes))]))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), rng, causes)
			}
		}
	case reflect.Pointer:
		if rng.Intn(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), rng, causes)
		}
	case reflect.Slice:
		for range rng.Intn(4) {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e, rng, causes)
			v.Set(reflect.Append(v, e))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rng.Intn(3) {
			key, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, rng, causes)
			fill(e, rng, causes)
			v.SetMapIndex(key, e)
		}
	case reflect.String:
		words := []string{"", "a", "nixos/reason", "\x00", "\x1b[31m", "é\u2028", "</script>", "\"}\n{\"", "\ufffd"}
		v.SetString(words[rng.Intn(len(words))] + words[rng.Intn(len(words))])
	case reflect.Int, reflect.Int64:
		v.SetInt(rng.Int63() - rng.Int63())
	case reflect.Float64:
		v.SetFloat(rng.NormFloat64())
	case reflect.Bool:
		v.SetBool(rng.Intn(2) == 0)
	default:
		panic("nothing fills a " + v.Type().String())
	}
}

// sample is a made-up run: its cells and their results.
type sample struct {
	head    Head
	offer   []result.Cell
	results []outcome.Result
}

func (sample) Generate(rng *rand.Rand, _ int) reflect.Value {
	t := sample{offer: matrix.New(matrix.Inventory{
		NixOS: []string{"a", "b"}, Homes: []matrix.Home{{Key: "joe@a"}, {Key: "joe"}}, Embedded: []matrix.Embedded{{Host: "b", User: "ann"}},
	}).Cells}
	fill(reflect.ValueOf(&t.head.Terms).Elem(), rng, nil)
	t.head.Selection.Kinds = result.Kinds()
	t.head.About = json.RawMessage(`{"x":1}`)
	causes := []*result.Cause{{}, {}, {}}
	for _, c := range causes {
		fill(reflect.ValueOf(c).Elem(), rng, causes)
	}
	for _, c := range t.offer {
		var res outcome.Result
		fill(reflect.ValueOf(&res).Elem(), rng, causes)
		if res.Cell = c; rng.Intn(2) == 0 {
			res.Cell.System = "x86_64-linux"
		}
		t.results = append(t.results, res)
	}
	rng.Shuffle(len(t.results), func(i, j int) { t.results[i], t.results[j] = t.results[j], t.results[i] })
	return reflect.ValueOf(t)
}

// journalFile returns an open file without a journal in it.
func journalFile(t *testing.T) *File {
	t.Helper()
	s, err := Folder(t.TempDir()).Open(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// write writes a journal. A nil end means that the run was killed.
func (f sample) write(t *testing.T, s *File, end *outcome.Run) {
	t.Helper()
	w, err := s.Create(f.head, f.offer, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range f.results {
		w.Record(event.Started{Cell: res.Cell, Phase: result.PhaseEval.Name()})
		w.Record(event.Finished{Result: res})
	}
	if end != nil {
		w.End(*end, f.head.About)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *File) mustRead(t *testing.T) *Journal {
	t.Helper()
	j, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// What is read is what was written: each field, and which cells share a cause.
func TestRoundTrip(t *testing.T) {
	s := journalFile(t)
	same := func(f sample) bool {
		want := outcome.Conclude(slices.Clone(f.results), rand.Intn(2) == 0)
		f.write(t, s, &want)
		j := s.mustRead(t)
		got, err := j.Outcome("killed")
		if err != nil {
			t.Fatal(err)
		}
		f.head.Schema = Schema
		if !reflect.DeepEqual(j.Head, f.head) {
			t.Errorf("the head is\n%+v\nand was\n%+v", j.Head, f.head)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the outcome is\n%+v\nand was\n%+v", got, want)
			return false
		}
		for i, c := range got.Causes { // DeepEqual takes equal causes for the same one
			for k, res := range got.Results {
				if slices.Contains(res.Causes, c) != slices.Contains(want.Results[k].Causes, want.Causes[i]) {
					t.Errorf("%s has a cause other than it had", res.Cell.ID)
				}
			}
		}
		return true
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

// passed returns the result of a cell that passed.
func passed(c result.Cell) outcome.Result {
	return outcome.Result{Cell: c, Status: result.Passed, How: result.Built, DrvPath: drvOf(c)}
}

// drvOf returns a derivation for a cell.
func drvOf(c result.Cell) string {
	return "/nix/store/" + strings.Repeat("0", 32) + "-" + strings.NewReplacer("/", "-", "@", "-").Replace(c.ID) + ".drv"
}

// fleet returns a run of two hosts and a home, without results.
func fleet() sample {
	return sample{
		head:  Head{Started: time.Now(), Selection: matrix.Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}}},
		offer: matrix.New(matrix.Inventory{NixOS: []string{"a", "b"}, Homes: []matrix.Home{{Key: "joe@a"}}}).Cells,
	}
}

func (f sample) cell(t *testing.T, id string) result.Cell {
	t.Helper()
	i := slices.IndexFunc(f.offer, func(c result.Cell) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no cell %s", id)
	}
	return f.offer[i]
}

// At whichever byte a journal is cut off, the complete lines before count, and the other cells
// are canceled.
func TestTorn(t *testing.T) {
	f := fleet()
	f.results = []outcome.Result{passed(f.cell(t, "nixos/b")), passed(f.cell(t, "home/joe@a"))}
	s := journalFile(t)
	f.write(t, s, nil)
	data, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	offered := len(lines[0]) + len(lines[1])
	seen := map[int]bool{}
	for n := offered; n <= len(data); n++ {
		j, err := Read(bytes.NewReader(data[:n]))
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		o, err := j.Outcome("the run was killed")
		if err != nil || len(o.Results) != 3 || !o.Interrupted {
			t.Fatalf("%d bytes: %+v, %v", n, o, err)
		}
		count := 0
		for _, res := range o.Results {
			switch res.Status {
			case result.Passed:
				count++
			case result.Canceled:
				if !strings.HasSuffix(res.Note, " when the run was killed") {
					t.Fatalf("%d bytes: %+v", n, res)
				}
			default:
				t.Fatalf("%d bytes: %+v", n, res)
			}
		}
		if want := bytes.Count(data[:n], []byte("\n")); count != max(0, (want-2)/2) {
			t.Fatalf("%d of the cells in %d lines", count, want)
		}
		seen[count] = true
	}
	if len(seen) != 3 {
		t.Errorf("seen: %v", seen)
	}
	var format *FormatError
	if _, err := Read(bytes.NewReader(data[:len(lines[0])-1])); !errors.As(err, &format) {
		t.Errorf("half a head: %v", err)
	}
}

// Cells that were in progress differ from cells that had not started. A home that is activated in
// a host was finished before.
func TestUnderWay(t *testing.T) {
	f := fleet()
	f.head.Selection.Kinds = append(f.head.Selection.Kinds, result.KindCheck)
	s := journalFile(t)
	w, err := s.Create(f.head, f.offer, nil)
	if err != nil {
		t.Fatal(err)
	}
	home, host := f.cell(t, "home/joe@a"), f.cell(t, "nixos/a")
	inside := matrix.EmbeddedCell(host, "ann", "")
	w.Record(event.Added{Cells: matrix.New(matrix.Inventory{Checks: []matrix.Output{{System: "x86_64-linux", Name: "fmt"}}}).Cells})
	w.Record(event.Started{Cell: host, Phase: result.PhaseEval.Name()})
	w.Record(event.Found{Home: inside})
	w.Record(event.Started{Cell: host, Phase: result.PhaseBuild.Name()})
	w.Record(event.Finished{Result: passed(home)})
	w.Record(event.Started{Cell: home, Phase: result.PhaseActivate.Name()})
	w.Record(event.Started{Cell: home, Phase: result.PhaseBuild.Name(), AtBase: true})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o, err := s.mustRead(t).Outcome("killed")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		host.ID: "not finished when killed build canceled", home.ID: "not finished when killed activate canceled",
		inside.ID: "not started when killed", "nixos/b": "not started when killed", "check/x86_64-linux/fmt": "not started when killed",
	}
	for _, res := range o.Results {
		got := res.Note
		for _, p := range res.Phases {
			got += " " + p.Name.String() + " " + string(p.Status)
		}
		if got != want[res.Cell.ID] || res.Status != result.Canceled {
			t.Errorf("%s is %s: %s", res.Cell.ID, res.Status, got)
		}
	}
	if len(o.Results) != len(want) {
		t.Errorf("%d results", len(o.Results))
	}
}

// If a run that resumes another is killed, too, what it could have taken over is not lost. Only
// its own results need no evaluation.
func TestKilledAgain(t *testing.T) {
	f := fleet()
	unchanged := passed(f.cell(t, "home/joe@a"))
	unchanged.How = result.Unchanged
	f.results = []outcome.Result{passed(f.cell(t, "nixos/a")), passed(f.cell(t, "nixos/b")), unchanged}
	s := journalFile(t)
	f.write(t, s, nil)
	first := s.mustRead(t)
	w, err := s.Create(f.head, f.offer, first.Earlier(false))
	if err != nil {
		t.Fatal(err)
	}
	again := first.Earlier(false).Passed["nixos/b"]
	w.Record(event.Finished{Result: again})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	e := s.mustRead(t).Earlier(true)
	if len(e.Passed) != 2 || e.Same["nixos/a"] || !e.Same["nixos/b"] {
		t.Errorf("%+v", e)
	}
	for id, res := range e.Passed {
		if !res.From.Equal(first.Last) {
			t.Errorf("%s is from %s and not from %s", id, res.From, first.Last)
		}
	}
}

// Masking may give two cells the same id. Then the one that failed counts, whatever the order.
func TestMaskedIDs(t *testing.T) {
	for _, failsFirst := range []bool{true, false} {
		f := fleet()
		f.offer = matrix.New(matrix.Inventory{NixOS: []string{"a", "h?token=first", "h?token=other"}}).Cells
		failed := passed(f.cell(t, "nixos/h?token=first"))
		failed.Status = result.Failed
		f.results = []outcome.Result{passed(f.cell(t, "nixos/a")), failed, passed(f.cell(t, "nixos/h?token=other"))}
		if !failsFirst {
			slices.Reverse(f.results)
		}
		s := journalFile(t)
		s.Redact = new(redact.Secrets).JSON
		end := outcome.Conclude(slices.Clone(f.results), false)
		f.write(t, s, &end)
		j := s.mustRead(t)
		if e := j.Earlier(true); len(e.Passed) != 1 || !e.Same["nixos/a"] {
			t.Errorf("taken over: %+v", e)
		}
		got, err := j.Outcome("killed")
		if err != nil || !slices.ContainsFunc(got.Results, func(r outcome.Result) bool { return r.Status.NeedsAttention() }) {
			t.Errorf("nothing failed: %+v, %v", got, err)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := Folder(filepath.Join(t.TempDir(), "a", "b"))
	s, err := dir.Open("run")
	if err != nil {
		t.Fatal(err)
	}
	var busy *BusyError
	if _, err := dir.Open("run"); !errors.As(err, &busy) || busy.PID == "" {
		t.Errorf("opened twice: %v", err)
	}
	other, err := dir.Open("another run")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a journal: %v", err)
	}
	f := fleet()
	f.head.Dir = "/here"
	f.write(t, s, nil)
	if j, going, _, err := dir.Newest("/here"); err != nil || !going || j.Head.Dir != "/here" {
		t.Errorf("%+v, %v, %v", j, going, err)
	}
	if _, _, _, err := dir.Newest("/there"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found in another folder: %v", err)
	}
	if err := errors.Join(s.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if _, going, _, err := dir.Newest("/here"); err != nil || going {
		t.Errorf("it is busy: %v, %v", going, err)
	}
	if s, err = dir.Open("run"); err != nil {
		t.Errorf("it cannot be opened again: %v", err)
	}
	// What is old is removed, unless it is locked.
	long := time.Now().Add(-2 * keepFor)
	for _, file := range dir.files("") {
		if err := os.Chtimes(filepath.Join(string(dir), file.Name()), long, long); err != nil {
			t.Fatal(err)
		}
	}
	dir.prune()
	if left := dir.files(""); len(left) != 2 || dir.files(suffix) == nil {
		t.Errorf("left: %v", left)
	}
	_ = s.Close()
	for _, file := range dir.files("") {
		if err := os.Chtimes(filepath.Join(string(dir), file.Name()), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if dir.prune(); len(dir.files("")) != 0 {
		t.Errorf("left: %v", dir.files(""))
	}
}

// Links and pipes in place of a journal's files are neither written to nor waited for.
func TestPlantedFiles(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(string) error{
		"link": func(p string) error { return os.Symlink(other, p) },
		"pipe": func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		for _, end := range []string{lockSuffix, suffix + ".new", suffix, suffix + oldSuffix} {
			folder := Folder(filepath.Join(dir, name+end))
			s, err := folder.Open("run")
			if err != nil {
				t.Fatal(err)
			}
			path := s.path
			if err := errors.Join(s.Close(), os.RemoveAll(strings.TrimSuffix(path, suffix)+end), put(strings.TrimSuffix(path, suffix)+end)); err != nil {
				t.Fatal(err)
			}
			s, err = folder.Open("run")
			if end == lockSuffix {
				if !errors.Is(err, safefile.ErrNotRegular) {
					t.Errorf("%s in place of the lock: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			f := fleet()
			f.write(t, s, nil)
			if _, err := s.Read(); err != nil {
				t.Errorf("%s in place of %s: %v", name, end, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
		t.Errorf("the other file holds %q, %v", text, err)
	}
}

// A full disk ends the journal, not the run.
func TestFullDisk(t *testing.T) {
	f := fleet()
	s := journalFile(t)
	w, err := s.Create(f.head, f.offer, nil)
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer w.file.Close()
	w.file = full
	w.Record(event.Finished{Result: passed(f.offer[0])})
	w.End(outcome.Run{}, nil)
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the error is %v", err)
	}
}

func FuzzRead(f *testing.F) {
	s := fleet()
	dir := f.TempDir()
	w, err := create(filepath.Join(dir, "x"), nil, s.head, s.offer, nil)
	if err != nil {
		f.Fatal(err)
	}
	cause := &result.Cause{Kind: "build", Title: "no"}
	failed := outcome.Result{Cell: s.offer[0], Status: result.Failed, Causes: []*result.Cause{cause}, Phases: []outcome.Phase{{Causes: []*result.Cause{cause}}}}
	w.Record(event.Started{Cell: s.offer[1], Phase: result.PhaseBuild.Name()})
	w.Record(event.Finished{Result: failed})
	w.End(outcome.Run{Results: []outcome.Result{passed(s.offer[2])}}, nil)
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-9])
	f.Add([]byte(`{"head":{"schema":"flakeci.journal/v2","selection":{"Cells":["["]},"shard":{"I":9,"N":-1}}}` + "\n" + `{"offer":[{}]}` + "\n" + `{"done":{"Causes":[7]}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := Read(bytes.NewReader(data))
		var format *FormatError
		if err != nil && !errors.As(err, &format) {
			t.Fatalf("%T: %v", err, err)
		}
		if err != nil {
			return
		}
		j.Earlier(true)
		o, err := j.Outcome("killed")
		if err != nil {
			return
		}
		for _, res := range o.Results {
			for _, c := range res.Causes {
				if !slices.Contains(o.Causes, c) {
					t.Errorf("a cause of %s is lost", res.Cell.ID)
				}
			}
		}
	})
}

// A link in a checkout may lead to a device.
func TestAJournalWithoutEnd(t *testing.T) {
	if _, err := Read(endless{}); !errors.Is(err, safefile.ErrTooLong) {
		t.Errorf("error is %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return len(p), nil // unchanged: with the race detector each write takes time
}

// Cells with invalid store paths are not taken over, and the journal says that it has some.
func TestForeignPaths(t *testing.T) {
	good := "/nix/store/" + strings.Repeat("0", 32) + "-x"
	f := fleet()
	for _, c := range []struct {
		drv, out string
		foreign  bool
	}{
		{good + ".drv", good, false},
		{good + ".drv", "/" + strings.Repeat("0", 52), false},
		{good + ".drv", "--store", true},
		{good + ".drv", "ssh-ng://localhost?remote-program=/tmp/evil", true},
		{good, good, true},
		{"github:a/b", good, true},
		{"--store", good, true},
		{good + "-***.drv", good, true},
	} {
		res := passed(f.cell(t, "nixos/a"))
		res.DrvPath, res.OutPaths = c.drv, map[string]string{"out": c.out}
		f.results = []outcome.Result{res}
		s := journalFile(t)
		f.write(t, s, nil)
		j := s.mustRead(t)
		e := j.Earlier(true)
		if _, taken := e.Passed["nixos/a"]; j.Foreign() != c.foreign || taken == c.foreign || e.Same["nixos/a"] == c.foreign {
			t.Errorf("%+v: foreign %t, taken over %t", c, j.Foreign(), taken)
		}
		// The same after a run that was killed before the cell.
		w, err := s.Create(f.head, f.offer, &runner.EarlierRun{Passed: map[string]outcome.Result{"nixos/a": res}})
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		j = s.mustRead(t)
		if _, taken := j.Earlier(true).Passed["nixos/a"]; j.Foreign() != c.foreign || taken == c.foreign {
			t.Errorf("killed again, %+v: foreign %t, taken over %t", c, j.Foreign(), taken)
		}
		_ = s.Close()
	}
}
