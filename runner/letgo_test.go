package runner

import (
	"maps"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/disk"
	"github.com/flakeci/flakeci/runner/outcome"
)

// What VMs are made of is kept until the last of them is finished.
func TestVMsKeepTheirParts(t *testing.T) {
	r := &run{}
	r.Disk = disk.New(t.Context(), disk.Options{Warnf: t.Errorf})
	r.users.add("vm/a", []string{"nixos/a", "home/joe"})
	r.users.add("vm/b", []string{"nixos/b", "home/joe"})
	finish := func(id string, kind result.Kind, kept ...string) {
		t.Helper()
		c := result.Cell{ID: id, Kind: kind}
		r.Disk.Want(id)
		r.letGo(t.Context(), outcome.Result{Cell: c, DrvPath: id})
		if got := slices.Sorted(maps.Keys(r.users.kept)); !slices.Equal(got, kept) {
			t.Errorf("after %s, %q are kept, want %q", id, got, kept)
		}
	}
	finish("home/joe", result.KindHome, "home/joe")
	finish("nixos/a", result.KindNixOS, "home/joe", "nixos/a")
	finish("nixos/c", result.KindNixOS, "home/joe", "nixos/a")
	finish("vm/a", result.KindVM, "home/joe")
	finish("nixos/b", result.KindNixOS, "home/joe", "nixos/b")
	finish("vm/b", result.KindVM)
}
