package runner

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/flakeci/flakeci/matrix"
)

// A host may have the very derivation of a home inside it.
func TestBuildOfOneDerivationTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := &run{builds: map[string]*build{}}
		r.builders = newBuilders(ctx, r)
		r.builders.hurry()
		b := r.buildOf("/nix/store/x.drv")
		go r.build(ctx, Result{Cell: matrix.Cell{ID: "nixos/a"}}, b)
		go r.build(ctx, Result{Cell: matrix.Cell{ID: "nixos/a/home/b"}}, b)
		synctest.Wait()
		if len(r.results) != 2 {
			t.Errorf("%d of 2 cells ended", len(r.results))
		}
	})
}
