package nix

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

const (
	maxOtherInputs     = 8
	maxOtherInputsTime = 30 * time.Second
)

// addOtherInputs adds the errors about further inputs to the error about the first input that
// could not be fetched. Nix stops at the first, so addOtherInputs replaces each by an empty flake
// to find the next. It stops at an error of any other kind, such as one about an input that
// follows an input of a replaced one.
func (c *Client) addOtherInputs(ctx context.Context, ref string, o FlakeOptions, dir string, err error) {
	var first *nixlog.EvalError
	if !errors.As(err, &first) || first.Input == nil || first.Input.Name == "" {
		return
	}
	empty := filepath.Join(dir, "empty")
	if os.MkdirAll(empty, 0o755) != nil || os.WriteFile(filepath.Join(empty, "flake.nix"), []byte("{ outputs = _: { }; }\n"), 0o644) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, maxOtherInputsTime)
	defer cancel()
	o.Overrides = slices.Clone(o.Overrides)
	for last := first; len(first.Others) < maxOtherInputs; {
		o.Overrides = append(o.Overrides, Override{Name: last.Input.Name, Ref: "path:" + empty})
		_, err := c.Resolve(ctx, ref, o)
		var next *nixlog.EvalError
		if !errors.As(err, &next) || next.Input == nil || next.Input.Name == "" ||
			slices.ContainsFunc(o.Overrides, func(known Override) bool { return known.Name == next.Input.Name }) {
			return
		}
		first.Others, last = append(first.Others, next), next
	}
}
