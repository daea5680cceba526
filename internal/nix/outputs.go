package nix

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// Missing returns the outputs of a derivation that the store lacks, whatever Nix said when it
// built them. The output paths of a content-addressed derivation are unknown: if the store lacks
// any of its outputs, Missing returns the path of the derivation.
func (c *Client) Missing(ctx context.Context, drv string, outputs []string) ([]string, error) {
	if len(outputs) == 0 {
		complete, err := c.hasOutputs(ctx, drv)
		if err != nil || complete {
			return nil, err
		}
		return []string{drv}, nil
	}
	if err := c.store.Check(outputs...); err != nil {
		return nil, err
	}
	missing := outputs
	if c.HasFiles() {
		missing = slices.DeleteFunc(slices.Clone(outputs), func(path string) bool {
			_, err := os.Lstat(path)
			return err == nil
		})
	}
	if len(missing) == 0 {
		return nil, nil
	}
	// Nix's own settings can name a store on another machine, too.
	infos, err := c.pathInfos(ctx, missing)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(missing), func(path string) bool {
		return slices.ContainsFunc(infos, func(i pathInfo) bool { return i.Path == path })
	}), nil
}

// hasOutputs reports whether the store has all outputs of a derivation. For a content-addressed
// derivation that was not built, every version of Nix fails instead of answering.
func (c *Client) hasOutputs(ctx context.Context, drv string) (bool, error) {
	var log nixlog.ErrorLog
	out := proc.LimitedBuffer{Max: maxAnswer}
	args := append(c.Version.jsonFormat(), "--json", "--log-format", "internal-json", "--option", "substitute", "false")
	_, err := c.run(ctx, call{sub: []string{"path-info"}, args: args, paths: []string{drv}, outputs: true, stdout: &out, line: log.Line, limit: c.limits.store})
	var died *proc.Error
	if errors.As(err, &died) && died.ExitCode > 0 {
		return false, nil
	}
	if err != nil {
		explain(err, &log)
		return false, err
	}
	infos, complete, err := readPathInfos(out.Bytes())
	return len(infos) > 0 && complete, err
}
