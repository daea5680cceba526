package html

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// comparedReport returns a run with everything that a page can show: a base, changes, booted
// machines, logs and a picture of a screen.
func comparedReport(t *testing.T) (result.Report, Options) {
	t.Helper()
	r := sample.Input(t, "vm")
	r.Base = &result.Base{Ref: "main", Rev: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", Note: "main is 3 commits ahead; compared with where this branch left it"}
	changes := []result.CellBase{
		{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, Closure: sample.Closure(40)},
		{Change: result.CellChanged, Outcome: result.Fixed, Status: result.Failed, Closure: sample.Closure(40)},
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
		result.CellResult{Cell: result.Cell{ID: "home/new@laptop", Kind: "home", Host: "laptop", User: "new"}, Status: result.Passed, How: result.Built, Base: &result.CellBase{Change: result.CellAdded}},
		result.CellResult{Cell: result.Cell{ID: "nixos/attic", Kind: "nixos", Host: "attic"}, Status: result.Skipped, Note: "is no more", Base: &result.CellBase{Change: result.CellRemoved}},
		result.CellResult{Cell: result.Cell{ID: "nixos/cellar", Kind: "nixos", Host: "cellar"}, Status: result.Failed, Base: &result.CellBase{Change: result.CellUnknown, Outcome: result.AlreadyBroken, Note: "does not evaluate at the base"}},
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
	return r, Options{
		RunURL: "https://forge.example/o/r/actions/runs/7", SourceURL: "https://forge.example/o/r/blob/4f2c1d9",
		File: func(path string) ([]byte, error) {
			if data, found := files[path]; found {
				return data, nil
			}
			return nil, fmt.Errorf("no such file")
		},
	}
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
