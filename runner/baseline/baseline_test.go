package baseline_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/baseline"
)

// save writes a report with these cells and one cause to a file.
func save(t *testing.T, cells ...result.CellResult) string {
	t.Helper()
	var text bytes.Buffer
	r := result.Report{Flake: result.Flake{Rev: "4f2c1d9a"}, Cells: cells, Causes: []result.Cause{{ID: "c1", Title: "frob failed to build"}}}
	if err := result.WriteJSON(&text, r); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func cell(id, drv string, s result.Status, causes ...string) result.CellResult {
	return result.CellResult{Cell: result.Cell{ID: id}, Status: s, DrvPath: drv, Causes: causes}
}

var drv = "/nix/store/" + strings.Repeat("a", 32) + "-system.drv"

func TestFindInAReport(t *testing.T) {
	path := save(t, cell("nixos/a", drv, result.Passed), cell("nixos/b", drv, result.Failed, "c1"), cell("nixos/gone", "", result.Skipped))
	b, err := baseline.Find(t.Context(), baseline.Options{Report: path, ChangedOnly: true, Client: &nix.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Report.Ref != path || b.Report.Rev != "4f2c1d9a" || !b.Base.ChangedOnly || b.Base.Target != nil {
		t.Errorf("base %+v, report %+v", b.Base, b.Report)
	}
	known := b.Base.Known
	if len(known) != 2 || known["nixos/a"].Status != result.Passed || len(known["nixos/b"].Causes) != 1 || known["nixos/b"].Causes[0].Title != "frob failed to build" {
		t.Errorf("known: %+v", known)
	}
}

// A path of a report goes to Nix: only one in the store may.
func TestFindRefusesAReport(t *testing.T) {
	for name, path := range map[string]string{
		"missing":        filepath.Join(t.TempDir(), "none.json"),
		"no derivation":  save(t, cell("nixos/a", "--store", result.Passed)),
		"no report":      os.DevNull,
		"a foreign path": save(t, result.CellResult{Cell: result.Cell{ID: "nixos/a"}, OutPaths: map[string]string{"out": "/etc"}}),
	} {
		var bad *baseline.ReportError
		if _, err := baseline.Find(t.Context(), baseline.Options{Report: path, Client: &nix.Client{}}); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// In the report of an older flakeci, a home in a host that did not evaluate has passed.
func TestFindInAnOldReport(t *testing.T) {
	host := cell("nixos/a", "", result.Failed, "c1")
	host.Kind, host.Phases = result.KindNixOS, []result.Phase{{Name: result.PhaseEval.Name(), Status: result.Failed}}
	home := cell("nixos/a/home/ann", drv, result.Passed)
	home.PartOf = host.ID
	b, err := baseline.Find(t.Context(), baseline.Options{Report: save(t, host, home), Client: &nix.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	if k := b.Base.Known[home.ID]; k.Status != result.DependencyFailed || k.DrvPath != "" || len(k.Causes) != 1 || k.Causes[0].Key == "" {
		t.Errorf("known: %+v", k)
	}
}

// A revision needs a repository, and a base that is no flake is missing, not broken.
func TestFindNothing(t *testing.T) {
	var none *baseline.MissingError
	if _, err := baseline.Find(t.Context(), baseline.Options{Ref: "main", Client: &nix.Client{}}); !errors.As(err, &none) || none.Hint == "" {
		t.Errorf("a revision without a repository: %v", err)
	}
}

func TestAddRemoved(t *testing.T) {
	then := matrix.New(matrix.Inventory{NixOS: []string{"a", "b"}, Homes: []matrix.Home{{Key: "ann@a"}}})
	now := matrix.New(matrix.Inventory{NixOS: []string{"b"}})
	for want, s := range map[string]matrix.Selection{
		"nixos/a home/ann@a": {},
		"home/ann@a":         {Kinds: []result.Kind{result.KindHome}},
		"":                   {Hosts: []string{"b"}},
	} {
		b := baseline.Baseline{Base: &runner.Base{Matrix: then}}
		b.AddRemoved(now.Cells, s)
		var ids []string
		for _, c := range b.Base.Removed {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("removed: %q, want %q", got, want)
		}
	}
	new(baseline.Baseline).AddRemoved(now.Cells, matrix.Selection{}) // nothing to compare with
}
