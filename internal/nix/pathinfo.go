package nix

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// pathInfo is what a store knows about one of its paths.
type pathInfo struct {
	Path string `json:"path"`
	// NarSize is the size of its archive in bytes.
	NarSize int64 `json:"narSize"`
	// References lists the paths that this one mentions, which may include itself.
	References []string `json:"references"`
	Signatures []string `json:"signatures"`
	// CA is set for a path that needs no signature, because its name is a hash of its content.
	CA string `json:"ca"`
	// Valid is false for a path that the store lacks, and otherwise missing.
	Valid *bool `json:"valid"`
}

// pathInfos asks the client's own store, or the one that args name, about paths. The result leaves
// out the paths that the store lacks.
func (c *Client) pathInfos(ctx context.Context, paths []string, args ...string) ([]pathInfo, error) {
	if c.Version.Less(sinceOutputSyntax()) {
		// To these versions, a derivation stands for its outputs.
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return strings.HasSuffix(p, ".drv") })
	}
	if len(paths) == 0 {
		return nil, nil
	}
	var log nixlog.ErrorLog
	out := proc.LimitedBuffer{Max: maxAnswer}
	// Without this, Nix asks substituters about missing paths, only to print the answer.
	args = slices.Concat(c.Version.jsonFormat(), []string{"--json", "--log-format", "internal-json", "--option", "substitute", "false"}, args)
	if _, err := c.run(ctx, call{sub: []string{"path-info"}, args: args, paths: paths, stdout: &out, line: log.Line, limit: c.limits.store}); err != nil {
		explain(err, &log)
		return nil, err
	}
	return decodePathInfos(out.Bytes())
}

// decodePathInfos returns the paths that the store has.
func decodePathInfos(out []byte) ([]pathInfo, error) {
	present, _, err := readPathInfos(out)
	return present, err
}

// readPathInfos reads the list of older versions, where a missing path has "valid": false,
// and the object of newer ones, where it is null. Complete is set if no path is missing.
func readPathInfos(out []byte) (present []pathInfo, complete bool, err error) {
	var list []pathInfo
	if bytes.HasPrefix(bytes.TrimSpace(out), []byte("[")) {
		if err := decodeAnswer("path-info", out, &list); err != nil {
			return nil, false, err
		}
	} else {
		var object map[string]*pathInfo
		if err := decodeAnswer("path-info", out, &object); err != nil {
			return nil, false, err
		}
		for path, info := range object {
			if info == nil {
				info = &pathInfo{}
			} else {
				info.Path = path
			}
			list = append(list, *info)
		}
	}
	present = slices.DeleteFunc(slices.Clone(list), func(p pathInfo) bool { return p.Path == "" || p.Valid != nil && !*p.Valid })
	return present, len(present) == len(list), nil
}
