package buildpool

import (
	"context"
	"sync"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/result"
)

// A host may have the very derivation of a home inside it.
func TestBuildOfOneDerivationTwice(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := New(ctx, Options{Client: &nix.Client{}})
	p.Hurry()
	answers := make(chan Answer, 2)
	var builds sync.WaitGroup
	for _, id := range []string{"nixos/a", "nixos/a/home/b"} {
		builds.Go(func() { answers <- p.Build(Request{Cell: result.Cell{ID: id}, Drv: "/nix/store/x.drv"}) })
	}
	builds.Wait()
	p.Close()
	for range 2 {
		if a := <-answers; a.Status != result.Canceled || len(p.builds) != 1 {
			t.Errorf("one ended as %+v, of %d builds", a, len(p.builds))
		}
	}
}
