package vmboot

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/flakeci/flakeci/result"
)

// An endless evaluation takes the limit once, and the cause has no location then.
func TestPlacesAreLimited(t *testing.T) {
	asked := 0
	b := &Booter{MaxFind: 10 * time.Millisecond, Find: func(ctx context.Context, _, unit string) (result.Location, error) {
		asked++
		switch unit {
		case "endless":
			<-ctx.Done()
			return result.Location{}, ctx.Err()
		case "broken":
			return result.Location{}, errors.New("broken")
		}
		return result.Location{File: "hosts/web.nix", Line: 3}, nil
	}}
	for i, c := range []struct{ unit, want string }{{"broken", ""}, {"fine", "hosts/web.nix:3"}, {"endless", ""}, {"endless", ""}, {"fine", ""}} {
		got := ""
		if at := b.place(t.Context(), "web", c.unit); at != nil {
			got = at.String()
		}
		if got != c.want {
			t.Errorf("%d: %s is at %q, want %q", i, c.unit, got, c.want)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}
