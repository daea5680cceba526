package runner

import (
	"context"
	"sync"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// A host may have the very derivation of a home inside it.
func TestBuildOfOneDerivationTwice(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &run{builds: map[string]*build{}}
	r.builders = newBuilders(ctx, r)
	r.builders.hurry()
	b := r.buildOf("/nix/store/x.drv")
	var cells sync.WaitGroup
	for _, id := range []string{"nixos/a", "nixos/a/home/b"} {
		cells.Go(func() { r.build(ctx, outcome.Result{Cell: matrix.Cell{ID: id}}, b, nix.VMInfo{}) })
	}
	cells.Wait()
	r.builders.end()
	if len(r.results) != 2 || r.results[0].Status != result.Canceled {
		t.Errorf("they ended as %+v", r.results)
	}
}
