package nix

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// maxArguments limits the paths on one command line, in bytes. Linux takes 2 MiB with the
// environment, other systems 1 MiB.
const maxArguments = 512 << 10

// Needs returns, for each derivation, those that it needs directly. It asks Nix, as the
// store's files may be on another machine.
func (c *Client) Needs(ctx context.Context, drvs []string) (map[string][]string, error) {
	needs := map[string][]string{}
	for batch := range chunksOf(drvs, maxArguments) {
		out := proc.LimitedBuffer{Max: maxAnswer}
		args := slices.Concat(c.Version.jsonFormat(), []string{"--json", "--derivation", "--option", "substitute", "false"})
		if _, err := c.run(ctx, call{sub: []string{"path-info"}, args: args, paths: batch, stdout: &out, limit: c.limits.store}); err != nil {
			return nil, err
		}
		infos, err := decodePathInfos(out.Bytes())
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			needs[info.Path] = slices.DeleteFunc(info.References, func(ref string) bool {
				return !strings.HasSuffix(ref, ".drv")
			})
		}
	}
	for _, drv := range drvs {
		if _, ok := needs[drv]; !ok {
			return nil, fmt.Errorf("%s is not in the store", drv)
		}
	}
	return needs, nil
}

// chunksOf splits a list into chunks of at most maxBytes. A longer item is a chunk by
// itself.
func chunksOf(list []string, maxBytes int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for len(list) > 0 {
			n, bytes := 0, 0
			for n < len(list) && (n == 0 || bytes+len(list[n]) < maxBytes) {
				bytes += len(list[n]) + 1
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}
