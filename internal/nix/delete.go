package nix

import (
	"context"
	"fmt"
	"regexp"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// Present returns the size, in bytes, of each path that the store has of those asked for, and the
// paths that it refers to.
func (c *Client) Present(ctx context.Context, paths []string) (sizes map[string]int64, references map[string][]string, err error) {
	if err := c.store.Check(paths...); err != nil {
		return nil, nil, err
	}
	sizes, references = map[string]int64{}, map[string][]string{}
	for batch := range chunksOf(paths, maxArguments) {
		infos, err := c.pathInfos(ctx, batch)
		if err != nil {
			return nil, nil, err
		}
		for _, info := range infos {
			sizes[info.Path], references[info.Path] = info.NarSize, info.References
		}
	}
	return sizes, references, nil
}

// AliveError says that something needs a path, so that it was not deleted.
type AliveError struct{ Path string }

func (e *AliveError) Error() string { return e.Path + " is still needed" }

var aliveRE = regexp.MustCompile(`[Cc]annot delete path '([^']+)'.* still alive`)

// Delete deletes paths from the store, in this order, with what refers to them. It keeps what a root
// or a running process needs: at the first such path it ends with an [*AliveError].
func (c *Client) Delete(ctx context.Context, paths []string) error {
	for batch := range chunksOf(paths, maxArguments) {
		var log nixlog.ErrorLog
		_, err := c.run(ctx, call{sub: []string{"store", "delete"}, args: []string{"--log-format", "internal-json"}, paths: batch, line: log.Line})
		if err == nil {
			continue
		}
		explain(err, &log)
		if m := aliveRE.FindStringSubmatch(err.Error()); m != nil {
			return &AliveError{m[1]}
		}
		return fmt.Errorf("delete from the store: %w", err)
	}
	return nil
}
