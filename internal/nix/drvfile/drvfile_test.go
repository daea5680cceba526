package drvfile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/drvfile"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// What Nix 2.34 wrote for two derivations, the second with an output that is addressed by its
// content, and for one with dynamic derivations.
const (
	plain    = `Derive([("out","/nix/store/a9j0raxbia3akh5g8vcnqi2npmvz2v93-top","","")],[("/nix/store/8wr6mlm54xnvpaacj90krq52c10q6mmv-dep.drv",["out"]),("/nix/store/9wr6mlm54xnvpaacj90krq52c10q6mmv-b.drv",["dev","out"])],[],"x86_64-linux","/bin/sh",["-c","echo \"(]\" > $out"],[("name","top")])`
	floating = `Derive([("dev","/nix/store/a9j0raxbia3akh5g8vcnqi2npmvz2v93-top-dev","",""),("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",[],[])`
	dynamic  = `DrvWithVersion("xp-dyn-drv",[("out","/nix/store/a9j0raxbia3akh5g8vcnqi2npmvz2v93-top","","")],[("/nix/store/8wr6mlm54xnvpaacj90krq52c10q6mmv-dep.drv",(["out"],[("x",["out"])]))],[],"s","b",[],[])`
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		plain:    "a9j0raxbia3akh5g8vcnqi2npmvz2v93-top <- 8wr6mlm54xnvpaacj90krq52c10q6mmv-dep.drv 9wr6mlm54xnvpaacj90krq52c10q6mmv-b.drv",
		floating: "a9j0raxbia3akh5g8vcnqi2npmvz2v93-top-dev <- ",
	} {
		d, err := drvfile.Parse(text)
		got := strings.ReplaceAll(strings.Join(d.Outputs, " ")+" <- "+strings.Join(d.Inputs, " "), "/nix/store/", "")
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	if d, err := drvfile.Parse(dynamic); err == nil && !slices.Equal(d.Outputs, []string{"/nix/store/a9j0raxbia3akh5g8vcnqi2npmvz2v93-top"}) {
		t.Errorf("dynamic: %+v", d)
	}
	for _, text := range []string{"", "Derive(", "Derive([", `Derive([("out"`, `Derive([("out","x","",""]`, plain[:60], plain[:120]} {
		if _, err := drvfile.Parse(text); !errors.Is(err, drvfile.ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{plain, floating, dynamic, `Derive([],[],`, `Derive([("\"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := drvfile.Parse(text)
		for _, path := range slices.Concat(d.Outputs, d.Inputs) {
			if err != nil || !storepath.Is(path) {
				t.Errorf("%q with %v", path, err)
			}
		}
	})
}
