package git

import (
	"context"
	"errors"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// Tracked gives the first file that git tracks among paths and below them, empty if
// there is none, as where there is no repository. The paths are absolute or seen
// from the repository's folder, and mean themselves: no sign in them is a pattern.
func (r Repo) Tracked(ctx context.Context, paths ...string) (string, error) {
	list, err := r.ask(ctx, append([]string{"--literal-pathspecs", "ls-files", "-z", "--"}, paths...)...)
	var ended *proc.Error
	if errors.As(err, &ended) && strings.Contains(err.Error(), "not a git repository") {
		return "", nil
	}
	first, _, _ := strings.Cut(list, "\x00")
	return first, err
}
