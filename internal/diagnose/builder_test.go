package diagnose

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// Each fault of a remote builder has a title and a hint of its own. It is one cause, whatever was to be
// built.
func TestFaultsOfBuilders(t *testing.T) {
	hints := map[string]bool{}
	for _, fault := range []nixlog.BuilderFault{
		nixlog.BuilderUnreachable, nixlog.BuilderRefuses, nixlog.BuilderUnverified, nixlog.BuilderFull,
		nixlog.BuilderLost, nixlog.BuilderWithoutNix, nixlog.BuilderDistrusts,
	} {
		f := nixlog.BuildFailure{
			Kind: result.CauseBuilder, Server: "ssh://b", Fault: fault, Reason: "cannot write /x\nmore",
			DrvPath: "/nix/store/00000000000000000000000000000000-x.drv",
		}
		c := Build(f)
		if !strings.HasPrefix(c.Title, "remote builder ssh://b "+string(fault)) || strings.Contains(c.Title, "more") || c.Hint == "" || hints[c.Hint] || c.DrvPath != "" {
			t.Errorf("%s: %+v", fault, c)
		}
		hints[c.Hint] = true
		other := f
		other.DrvPath, other.Reason = "/nix/store/00000000000000000000000000000000-y.drv", "cannot write /y"
		if BuildKey(f) != BuildKey(other) || Build(other).Key != c.Key {
			t.Errorf("%s has two causes", fault)
		}
	}
	store := Build(nixlog.BuildFailure{Kind: result.CauseBuilder, Server: "ssh-ng://b", Fault: nixlog.BuilderUnreachable, IsStore: true, Reason: "no"})
	if store.Title != "the store's machine ssh-ng://b cannot be reached: no" || strings.Contains(store.Hint, "--builders") {
		t.Errorf("the cause is %+v", store)
	}
	several := Build(nixlog.BuildFailure{Kind: result.CauseBuilder, Server: "ssh://a, ssh://b", Fault: nixlog.BuilderUnreachable, Reason: "no"})
	if several.Title != "remote builders ssh://a, ssh://b: no" {
		t.Errorf("the title is %s", several.Title)
	}
}
