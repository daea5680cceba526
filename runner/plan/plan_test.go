package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/damage"
	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"

	"math/rand/v2"
)

var drv = "/nix/store/" + strings.Repeat("a", 32) + "-system.drv"

func sample() *Plan {
	return &Plan{
		Tool: result.Tool{Version: "1.2"}, Flake: result.Flake{Ref: ".", Rev: "4f2c1d9"},
		Cells: []Cell{
			{Cell: result.Cell{ID: "nixos/reason", Kind: result.KindNixOS}, Status: result.Passed, How: result.Evaluated, Pending: true, DrvPath: drv, Weight: 300},
			{Cell: result.Cell{ID: "nixos/broken", Kind: result.KindNixOS}, Status: result.Failed},
		},
		Head: State{
			Content: "c0ffee", Inventory: matrix.Inventory{NixOS: []string{"reason", "broken"}, Embedded: []matrix.Embedded{{Host: "reason", User: "joe"}}},
			Answers: map[string]evalcache.Answer{"1": {Value: json.RawMessage(`{"drvPath": "x"}`)}, "2": {Error: json.RawMessage(`{"error":{}}`)}},
		},
	}
}

func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(sample().Head)
	if have, _ := json.Marshal(got.Head); !bytes.Equal(have, want) {
		t.Errorf("the state is %s, want %s", have, want)
	}
	if drvs := got.Derivations(nil); !slices.Equal(drvs, []string{drv}) {
		t.Errorf("the derivations are %q", drvs)
	}
}

// A plan is an artifact. Whatever happens to it on its way, it is refused or means the same.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, planFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := Read(dir)
	rng := rand.New(rand.NewPCG(1, 2))
	texts := damage.Replacements()
	for range 500 {
		texts = append(texts, string(damage.Text(rng, good)))
	}
	for _, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(dir)
		var unusable *UnusableError
		if err != nil && !errors.As(err, &unusable) {
			t.Errorf("%.200q: %v", text, err)
		}
		if err == nil && got.Sum != want.Sum {
			t.Errorf("%.200q: the plan has changed", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	if err := sample().Write(dir); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, planFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		p, why := parse(text)
		if (p == nil) == (why == "") {
			t.Fatalf("a plan %v, and %q", p != nil, why)
		}
		if p != nil {
			p.Head.Offer()
		}
	})
}

// Nix 2.8 takes an escaped URL literally.
func TestStoreInAnyFolder(t *testing.T) {
	for _, name := range []string{"plan", "a plan", "a%20plan?", "é"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(filepath.Join(dir, storeDir), 0o700); err != nil {
			t.Fatal(err)
		}
		err := withStore(dir, func(url string) error {
			path, isFile := strings.CutPrefix(url, "file://")
			if !isFile || strings.ContainsAny(url, "% ?") {
				t.Errorf("the URL is %s", url)
			}
			return os.WriteFile(filepath.Join(path, "nix-cache-info"), nil, 0o600)
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, storeDir, "nix-cache-info")); err != nil {
			t.Errorf("the store is elsewhere: %v", err)
		}
	}
}

// Derivations go onto a command line of Nix, so a plan must not name anything else.
func TestForeignPaths(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"--help", "/etc/passwd", drv + "\n/etc/passwd", "/nix/store/../" + filepath.Base(drv), strings.TrimSuffix(drv, ".drv")} {
		p := sample()
		p.Cells[0].BaseDrvPath = path
		if err := p.Write(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "has the derivation") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestPrepare(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		files []string
		good  bool
	}{
		"new":     {nil, true},
		"ignored": {[]string{".gitignore"}, true},
		"again":   {[]string{planFile, ReportFile, "store/nix-cache-info"}, true},
		"other":   {[]string{"flake.nix"}, false},
	} {
		folder := filepath.Join(dir, name)
		for _, f := range c.files {
			path := filepath.Join(folder, f)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		err := Prepare(folder)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		entries, _ := os.ReadDir(folder)
		if left := slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == ".gitignore" || e.Name() == "flake.nix" }); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "again"), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, link + "/"} {
		if err := Prepare(path); err == nil {
			t.Errorf("%s: a link is followed", path)
		}
	}
}

// A VM comes with the cells of its group, so that homes are activated in it. What does not
// evaluate stays out.
func TestPending(t *testing.T) {
	m := matrix.New(matrix.Inventory{NixOS: []string{"box", "nas"}, Homes: []matrix.Home{{Key: "ann@box"}, {Key: "bob@box"}, {Key: "ann@nas"}}})
	var results []outcome.Result
	for _, c := range m.Cells {
		res := outcome.Result{Cell: c, Status: result.Passed, How: result.Cached}
		switch c.ID {
		case "vm/box":
			res.How = result.Evaluated
		case "vm/nas":
			continue
		case "home/bob@box":
			res.Status, res.How = result.Failed, ""
		}
		results = append(results, res)
	}
	var got []string
	for _, c := range Pending(m, results).Cells {
		got = append(got, c.ID)
	}
	if want := []string{"nixos/box", "home/ann@box", "vm/box"}; !slices.Equal(got, want) {
		t.Errorf("pending are %q, want %q", got, want)
	}
}
