package reports

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/result"
)

// comparedReport is a run with everything in it that a page can show: a base, what
// changed, machines that were booted, logs and a picture of a screen.
func comparedReport(t *testing.T) (result.Report, HTMLOptions) {
	t.Helper()
	r := readInput(t, "vm")
	r.Base = &result.Base{Ref: "main", Rev: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", Note: "main is 3 commits ahead; compared with where this branch left it"}
	changes := []result.CellBase{
		{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, Closure: someClosure(40)},
		{Change: result.CellChanged, Outcome: result.Fixed, Status: result.Failed, Closure: someClosure(40)},
		{Change: result.CellUnchanged, Outcome: result.Same, Status: result.Passed},
		{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed},
		{Change: result.CellChanged, Outcome: result.NewFailure, Status: result.Passed},
	}
	for i := range r.Cells {
		base := changes[i%len(changes)]
		base.DrvPath = fmt.Sprintf("/nix/store/%032d-%s.drv", i, r.Cells[i].Kind)
		r.Cells[i].Base = &base
	}
	r.Cells = append(r.Cells,
		result.Cell{ID: "home/new@laptop", Kind: "home", Host: "laptop", User: "new", Status: result.Passed, How: result.Built, Base: &result.CellBase{Change: result.CellAdded}},
		result.Cell{ID: "nixos/attic", Kind: "nixos", Host: "attic", Status: result.Skipped, Note: "is no more", Base: &result.CellBase{Change: result.CellRemoved}},
		result.Cell{ID: "nixos/cellar", Kind: "nixos", Host: "cellar", Status: result.Failed, Base: &result.CellBase{Change: result.CellUnknown, Outcome: result.AlreadyBroken, Note: "does not evaluate at the base"}},
	)
	files := map[string][]byte{"artifacts/vm/reason/screen.png": screen(t)}
	for i := range r.Causes {
		r.Causes[i].Log = fmt.Sprintf("artifacts/logs/cause-%d.log", i)
		files[r.Causes[i].Log] = someLog(i)
	}
	for i := range r.Cells {
		for j := range r.Cells[i].Phases {
			if p := &r.Cells[i].Phases[j]; p.Status.NeedsAttention() {
				p.Files = []string{"artifacts/vm/reason/screen.png", "artifacts/vm/reason/gone.log"}
			}
		}
	}
	return r, HTMLOptions{
		RunURL: "https://forge.example/o/r/actions/runs/7", SourceURL: "https://forge.example/o/r/blob/4f2c1d9",
		File: func(path string) ([]byte, error) {
			if data, found := files[path]; found {
				return data, nil
			}
			return nil, fmt.Errorf("no such file")
		},
	}
}

func someClosure(packages int) *result.Closure {
	c := &result.Closure{Before: 8_100_000_000, After: 8_312_000_000, Rebuilt: 120}
	kinds := []result.VersionChange{result.PackageUp, result.PackageUp, result.PackageUp, result.PackageUp, result.PackageDown, result.PackageAdded, result.PackageRemoved, result.PackageModified}
	for i := range packages {
		p := result.PackageChange{
			Name: fmt.Sprintf("%s-%03d", []string{"firefox", "linux", "python3.13-requests", "systemd", "glibc", "qtbase"}[i%6], i),
			Kind: kinds[i%len(kinds)], Before: []string{fmt.Sprintf("%d.%d.1", i/7, i%7)}, After: []string{fmt.Sprintf("%d.%d.2", i/7, i%7)},
			Size: int64(i-packages/3) * 123_456,
		}
		switch p.Kind {
		case result.PackageAdded:
			p.Before = nil
		case result.PackageRemoved:
			p.After = nil
		}
		c.Packages = append(c.Packages, p)
	}
	return c
}

func someLog(seed int) []byte {
	var b bytes.Buffer
	for i := range 400 {
		fmt.Fprintf(&b, "[%4d] compiling part%d of unit %d\x1b[32m ok\x1b[0m\n", i, seed, i)
		if i%150 == 149 {
			fmt.Fprintf(&b, "error: no frob </script><img src=x onerror=alert(1)>\n")
		}
	}
	return b.Bytes()
}

func screen(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			img.Set(x, y, color.RGBA{uint8(x / 8), uint8(y / 4), 60, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// largeReport is that of a fleet of a hundred hosts after a bump of nixpkgs: 500
// cells, of which most differ from the base by some 900 packages, no two alike.
func largeReport() result.Report {
	rng := rand.New(rand.NewSource(1))
	began := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	r := result.Report{
		Schema: result.Schema, Tool: result.Tool{Version: "0.1.0"}, Nix: result.Tool{Version: "2.34.8"}, Started: began, Duration: 4215, Verdict: result.VerdictFailed,
		Flake: result.Flake{Ref: "github:example/fleet", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
		Base:  &result.Base{Ref: "main", Rev: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"},
		Grid:  result.Grid{Users: []string{"admin", "joachim", "work"}, Orphans: []string{}},
	}
	bump := someClosure(950).Packages
	lanes := make([]float64, 8)
	for i := range 100 {
		host := fmt.Sprintf("host-%03d", i)
		r.Grid.Hosts = append(r.Grid.Hosts, host)
		cells := []result.Cell{
			{ID: "nixos/" + host, Kind: "nixos"}, {ID: "vm/" + host, Kind: "vm"},
			{ID: "home/admin@" + host, Kind: "home", User: "admin"},
			{ID: "home/joachim@" + host, Kind: "home", User: "joachim"},
			{ID: "home/work@" + host, Kind: "home", User: "work"},
		}
		for _, c := range cells {
			c.Host, c.System, c.Status, c.How = host, "x86_64-linux", result.Passed, result.Built
			c.Attr = fmt.Sprintf("nixosConfigurations.%s.config.system.build.toplevel", host)
			c.DrvPath = fmt.Sprintf("/nix/store/%032x-nixos-system-%s-26.05.drv", rng.Int63(), host)
			c.Base = &result.CellBase{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, DrvPath: fmt.Sprintf("/nix/store/%032x-nixos-system-%s-26.05.drv", rng.Int63(), host)}
			if c.Kind != "vm" {
				c.Base.Closure = partOf(bump, rng)
			}
			lane := rng.Intn(len(lanes))
			for _, name := range []string{"eval", "build", "boot"} {
				if name == "boot" && c.Kind != "vm" {
					continue
				}
				took := 2 + rng.ExpFloat64()*20
				c.Phases = append(c.Phases, result.Phase{Name: result.ParsePhaseName(name), Status: result.Passed, Started: began.Add(time.Duration(lanes[lane] * 1e9)), Duration: took, Attempts: 1, MaxRSS: rng.Int63n(4e9)})
				lanes[lane] += took
			}
			if rng.Intn(40) == 0 {
				id := fmt.Sprintf("c%d", len(r.Causes)+1)
				c.Status, c.How, c.Causes = result.Failed, "", []string{id}
				c.Phases[len(c.Phases)-1].Status = result.Failed
				c.Base.Outcome = []result.Outcome{result.NewFailure, result.AlreadyBroken}[rng.Intn(2)]
				r.Causes = append(r.Causes, result.Cause{ID: id, Kind: "build", Title: fmt.Sprintf("libfrob-%d failed to build (exit 3)", len(r.Causes)), Cells: []string{c.ID}, LogTail: strings.Repeat("cc -O2 -c part.c\n", 30) + "frob.c:7: error: no frob"})
			}
			r.Cells = append(r.Cells, c)
		}
	}
	return r
}

// partOf is a closure with nearly all of the packages, as a host has that lacks a few.
func partOf(packages []result.PackageChange, rng *rand.Rand) *result.Closure {
	c := &result.Closure{Before: 8e9 + rng.Int63n(2e9), Rebuilt: rng.Intn(300)}
	for _, p := range packages {
		if rng.Intn(20) > 0 {
			p.Size += rng.Int63n(1000)
			c.Packages = append(c.Packages, p)
			c.After += p.Size
		}
	}
	c.After += c.Before
	return c
}
