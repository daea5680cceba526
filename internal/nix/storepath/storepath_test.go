package storepath_test

import (
	"testing"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

func TestName(t *testing.T) {
	for drv, want := range map[string]string{"/nix/store/00000000000000000000000000000000-libfrob-1.2.drv": "libfrob-1.2", "x.drv": "x", "": "", "/nix/store/": ""} {
		if got := storepath.Name(drv); got != want {
			t.Errorf("Name(%q) is %q", drv, got)
		}
	}
}
