package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/flakeci/flakeci/internal/closure"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// compareClosures finds what changed in the closure of a host or home.
func (r *run) compareClosures(ctx context.Context, res *outcome.Result) {
	kind := res.Cell.Kind
	if r.Base.Closures == nil || !kind.IsHost() && kind != result.KindHome || res.Base.Change != result.CellChanged {
		return
	}
	outputs := r.Base.Known[res.Cell.ID].OutPaths
	if b := r.findAtBase(ctx, res.Cell); b != nil {
		outputs = b.Instance.Outputs
	}
	d := difference(ctx, r.Base.Closures, paths(outputs), paths(res.OutPaths))
	res.Base.Closure = &d
}

func paths(outputs map[string]string) []string { return slices.Sorted(maps.Values(outputs)) }

// difference compares what the outputs of a cell need to run at the base with what they need
// after the change. If it cannot, Unknown in the result says why.
func difference(ctx context.Context, closures *nix.Closures, before, after []string) result.ClosureDiff {
	var both [2]closure.Paths
	for i, of := range []struct {
		when  string
		paths []string
	}{{"at the base", before}, {"after the change", after}} {
		paths, err := closures.Of(ctx, of.paths)
		var missing *nix.MissingError
		switch {
		case ctx.Err() != nil:
			return result.ClosureDiff{Unknown: "interrupted"}
		case errors.As(err, &missing):
			return result.ClosureDiff{Unknown: fmt.Sprintf("%s, %v", of.when, err)}
		case err != nil:
			return result.ClosureDiff{Unknown: fmt.Sprintf("cannot look up what is needed %s: %v", of.when, err)}
		}
		both[i] = closure.Paths(paths)
	}
	return closure.Diff(both[0], both[1])
}
