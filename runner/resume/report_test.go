package resume

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

const drv = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x.drv"

// saved returns the report of a machine with these cells, and a run of host a with the same basis.
func saved(cells ...result.CellResult) (*Report, Run) {
	basis := Basis("content", nil, matrix.Selection{})
	for i := range cells {
		cells[i].Status, cells[i].How = result.Passed, result.Built
		if cells[i].DrvPath == "" {
			cells[i].DrvPath = drv
		}
	}
	r := result.Report{Machines: []result.Machine{{Name: "m", Basis: basis}}, Cells: cells}
	return &Report{"r.json", r}, Run{Cells: matrix.New(matrix.Inventory{NixOS: []string{"a"}}).Cells, Basis: basis}
}

func cellOf(id string, part string) result.CellResult {
	return result.CellResult{Cell: result.Cell{ID: id, PartOf: part}}
}

// A report adds no cells to the run, but homes inside its hosts, and nothing but results to them.
func TestReuseOnlyOwnCells(t *testing.T) {
	host := cellOf("nixos/a", "")
	host.Attr, host.Kind, host.System = "evil", "evil", "evil\x1b"
	host.Phases = []result.Phase{{Status: result.Passed, BuiltOn: []string{"ssh://b\x1b[2J"}, Message: "a\nb\x1b[2J"}}
	host.Note = "fine\x1b[2J"
	r, now := saved(host, cellOf("nixos/ghost", ""), cellOf("nixos/a/home/joe", "nixos/a"), cellOf("nixos/b/home/joe", "nixos/a"), cellOf("x", "nixos/a"))
	got := r.Reuse(now)
	if len(got.Earlier.Passed) != 2 || !got.Earlier.Same["nixos/a"] || !got.Earlier.Same["nixos/a/home/joe"] {
		t.Fatalf("reused %v", got.Earlier.Passed)
	}
	c := got.Earlier.Passed["nixos/a"].Cell
	if c.Attr != now.Cells[0].Attr || c.Kind != result.KindNixOS || c.System != "" || c.Path == nil {
		t.Errorf("the report changed the cell: %+v", c)
	}
	res := got.Earlier.Passed["nixos/a"]
	if !res.Reported {
		t.Error("it would be pushed")
	}
	if text := fmt.Sprintf("%q", []string{res.Note, res.Phases[0].Message, res.Phases[0].BuiltOn[0]}); text != `["fine" "a b" "ssh://b"]` {
		t.Errorf("texts are %s", text)
	}
	r, now = saved(cellOf("nixos/a", ""), cellOf("nixos/a/home/gone", "nixos/a"))
	r.report.Cells[1].Status, r.report.Cells[1].Base = result.Skipped, &result.CellBase{Change: result.CellRemoved}
	if homes := r.Reuse(now).Earlier.Homes; len(homes) != 0 {
		t.Errorf("homes that only the base had make their host run again: %+v", homes)
	}
	if len(got.Earlier.Homes) != 1 || got.Earlier.Homes[0].Path == nil {
		t.Errorf("homes %+v", got.Earlier.Homes)
	}
}

// Whatever differs is either not reused, or evaluated first.
func TestReuseOnlyWhatHolds(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Report, *Run)
		passed  bool // it can be taken over
		same    bool // without an evaluation
		because string
	}{
		"as it was":           {func(*Report, *Run) {}, true, true, ""},
		"another flake":       {func(r *Report, _ *Run) { r.report.Machines[0].Basis.Evaluation = "other" }, true, false, ""},
		"a dirty flake":       {func(_ *Report, n *Run) { n.Basis.Evaluation = "" }, true, false, ""},
		"both dirty":          {func(r *Report, n *Run) { n.Basis.Evaluation, r.report.Machines[0].Basis.Evaluation = "", "" }, true, false, ""},
		"another selection":   {func(r *Report, _ *Run) { r.report.Machines[0].Basis.Selection = "other" }, true, false, ""},
		"a wanted system":     {func(_ *Report, n *Run) { n.Systems = []string{"x86_64-linux"} }, true, false, ""},
		"other options":       {func(r *Report, _ *Run) { r.report.Machines[0].Basis.Options = "other" }, false, false, "--option differs"},
		"an old report":       {func(r *Report, _ *Run) { r.report.Machines = nil }, false, false, "does not say"},
		"another machine's":   {func(r *Report, _ *Run) { r.report.Cells[0].Machine = "other" }, false, false, "does not say"},
		"evaluated":           {func(r *Report, _ *Run) { r.report.Cells[0].How = result.Evaluated }, false, false, "only evaluated"},
		"evaluated is enough": {func(r *Report, n *Run) { r.report.Cells[0].How, n.EvalOnly = result.Evaluated, true }, true, true, ""},
		"unchanged":           {func(r *Report, _ *Run) { r.report.Cells[0].How = result.Unchanged }, false, false, "unchanged"},
		"of a newer flakeci":  {func(r *Report, _ *Run) { r.report.Cells[0].How = "dreamt" }, false, false, "does not know"},
		"an option as path":   {func(r *Report, _ *Run) { r.report.Cells[0].DrvPath = "--help" }, false, false, "invalid"},
		"a failed phase":      {func(r *Report, _ *Run) { r.report.Cells[0].Phases = []result.Phase{{Status: result.Failed}} }, false, false, "not all"},
		"failed":              {func(r *Report, _ *Run) { r.report.Cells[0].Status = result.Failed }, false, false, ""},
		"failed somewhere": {func(r *Report, _ *Run) {
			again := r.report.Cells[0]
			again.Status = result.Failed
			r.report.Cells = append(r.report.Cells, again)
		}, false, false, ""},
		"a home inside failed": {func(r *Report, _ *Run) {
			home := cellOf("nixos/a/home/joe", "nixos/a")
			home.Status = result.Failed
			r.report.Cells = append(r.report.Cells, home)
		}, true, true, ""},
	} {
		r, now := saved(cellOf("nixos/a", ""))
		c.change(r, &now)
		got := r.Reuse(now)
		if _, passed := got.Earlier.Passed["nixos/a"]; passed != c.passed || got.Earlier.Same["nixos/a"] != c.same || !strings.Contains(got.Left, c.because) || (got.Left == "") != (c.because == "") {
			t.Errorf("%s: passed %t, same %t, %q", name, passed, got.Earlier.Same["nixos/a"], got.Left)
		}
		if name == "a home inside failed" && len(got.Earlier.Homes) != 1 {
			t.Error("the host would be taken over without its home")
		}
	}
}

// A VM is reused only if it was booted in the same way.
func TestReuseVM(t *testing.T) {
	for name, c := range map[string]struct {
		booted, like, want bool
	}{"booted": {true, true, true}, "only built": {false, true, false}, "booted otherwise": {true, false, false}} {
		vm := cellOf("vm/a", "")
		vm.Kind = result.KindVM
		if c.booted {
			vm.Phases = []result.Phase{{Name: result.PhaseBoot.Name(), Status: result.Passed}}
		}
		r, now := saved(vm)
		if !c.like {
			r.report.Machines[0].Basis.VM = "other"
		}
		if got := len(r.Reuse(now).Earlier.Passed) == 1; got != c.want {
			t.Errorf("%s: reused %t", name, got)
		}
	}
}

// Reports from strangers give results without control characters, only for cells of the run.
func FuzzReuse(f *testing.F) {
	files, err := filepath.Glob(sample.Data(f, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no reports: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	_, now := saved()
	now.Cells = matrix.New(matrix.Inventory{NixOS: []string{"a", "reason", "laptop"}, Homes: []matrix.Home{{Key: "joachim@reason"}, {Key: "joachim"}}}).Cells
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := result.ReadJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		for i := range read.Machines {
			read.Machines[i].Basis = now.Basis
		}
		r := Report{"r.json", read}
		for id, res := range r.Reuse(now).Earlier.Passed {
			if id != res.Cell.ID || res.Cell.Path == nil || res.Status != result.Passed || res.From.IsZero() {
				t.Errorf("%q is %+v", id, res)
			}
			if strings.ContainsFunc(res.Note+res.Cell.System+res.Cell.User, func(c rune) bool { return c < ' ' }) {
				t.Errorf("control characters in %+v", res)
			}
		}
	})
}

func TestSelectionHash(t *testing.T) {
	a := matrix.Selection{Hosts: []string{"a", "b"}, Job: &matrix.Job{}}
	b := matrix.Selection{Hosts: []string{"b", "a"}}
	if selectionHash(a) != selectionHash(b) {
		t.Error("the order or the shard matters")
	}
	if selectionHash(b) == selectionHash(matrix.Selection{Users: b.Hosts}) || slices.Equal(a.Hosts, b.Hosts) {
		t.Error("another selection has the same hash, or sorting changed it")
	}
}
