package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/flakeci/flakeci/internal/closure"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// compareClosures says what changed in what a host or home is made of.
func (r *run) compareClosures(ctx context.Context, res *Result) {
	machine := res.Cell.Kind == matrix.KindNixOS || res.Cell.Kind == matrix.KindDarwin || res.Cell.Kind == matrix.KindHome
	if r.Base.Closures == nil || !machine || res.Base.Change != result.CellChanged {
		return
	}
	outputs := r.Base.Known[res.Cell.ID].OutPaths
	if b := r.findAtBase(ctx, res.Cell); b != nil {
		outputs = b.instance.Outputs
	}
	d, unknown := difference(ctx, r.Base.Closures, paths(outputs), paths(res.OutPaths))
	if res.Base.Unknown = unknown; unknown == "" {
		res.Base.Closure = &d
	}
}

func paths(outputs map[string]string) []string { return slices.Sorted(maps.Values(outputs)) }

// difference compares what the outputs of a cell need to run at the base with what
// they need after the change. Unknown is why it cannot, in words for the report;
// then there is no difference.
func difference(ctx context.Context, closures *nix.Closures, before, after []string) (d closure.Difference, unknown string) {
	var both [2]closure.Paths
	for i, of := range []struct {
		when  string
		paths []string
	}{{"at the base", before}, {"after the change", after}} {
		paths, err := closures.Of(ctx, of.paths)
		var missing *nix.MissingError
		switch {
		case ctx.Err() != nil:
			return closure.Difference{}, "interrupted"
		case errors.As(err, &missing):
			return closure.Difference{}, fmt.Sprintf("%s, %v", of.when, err)
		case err != nil:
			return closure.Difference{}, fmt.Sprintf("cannot look up what is needed %s: %v", of.when, err)
		}
		both[i] = closure.Paths(paths)
	}
	return closure.Diff(both[0], both[1]), ""
}
