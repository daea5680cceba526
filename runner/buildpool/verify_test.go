package buildpool

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/result"
)

// What was built before an interruption passes, and no process is started to verify it.
func TestVerifyAfterAnInterruption(t *testing.T) {
	dir := t.TempDir()
	fake, out := filepath.Join(dir, "nix"), filepath.Join(dir, strings.Repeat("0", 32)+"-out")
	script := "#!/bin/sh\n[ \"$1\" = --version ] || exit 1\necho 'nix (Nix) 2.34.8'\n"
	if err := os.WriteFile(fake, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := nix.Find(t.Context(), nix.Options{Path: fake})
	if err != nil {
		t.Fatal(err)
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	p := New(interrupted, Options{Client: client})
	for range 50 { // select picks any case that is ready
		b := &build{Request: Request{Drv: "/nix/store/x.drv"}, paths: []string{out}, Answer: Answer{Status: result.Passed}}
		if p.verify(b); b.Status != result.Passed {
			t.Fatalf("it is %s", b.Status)
		}
	}
}
