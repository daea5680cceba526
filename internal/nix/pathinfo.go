package nix

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// pathInfo is what a store says of one of its paths.
type pathInfo struct {
	Path string `json:"path"`
	// NarSize is the size in bytes as it goes into an archive.
	NarSize int64 `json:"narSize"`
	// References are the paths that this one mentions, itself among them perhaps.
	References []string `json:"references"`
	// Valid is false for a path that the store lacks, and else left out.
	Valid *bool `json:"valid"`
}

// pathInfos asks the client's own store, or the one named by args, for the paths
// and gives what it says of those that it has.
func (c *Client) pathInfos(ctx context.Context, paths []string, args ...string) ([]pathInfo, error) {
	if c.Version.Less(outputsNamed()) {
		// A derivation stands for its outputs there; what is given stays the caller's.
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return strings.HasSuffix(p, ".drv") })
	}
	if len(paths) == 0 {
		return nil, nil
	}
	var log nixlog.ErrorLog
	out := proc.LimitedBuffer{Max: maxAnswer}
	// Nix would ask substituters what it would take to get the paths that are not
	// there, and only to print it.
	args = slices.Concat(c.Version.jsonFormat(), []string{"--json", "--log-format", "internal-json", "--option", "substitute", "false"}, args)
	if _, err := c.run(ctx, call{sub: []string{"path-info"}, args: args, paths: paths, stdout: &out, line: log.Line, limit: c.limits.store}); err != nil {
		explain(err, &log)
		return nil, err
	}
	return decodePathInfos(out.Bytes())
}

// decodePathInfos gives those that are there.
func decodePathInfos(out []byte) ([]pathInfo, error) {
	there, _, err := readPathInfos(out)
	return there, err
}

// readPathInfos reads the list of older versions, where a path that is not there has
// "valid": false, and the object of newer ones, where it is null. Lacking says that
// some are not there.
func readPathInfos(out []byte) (there []pathInfo, lacking bool, err error) {
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
	there = slices.DeleteFunc(slices.Clone(list), func(p pathInfo) bool { return p.Path == "" || p.Valid != nil && !*p.Valid })
	return there, len(there) < len(list), nil
}
