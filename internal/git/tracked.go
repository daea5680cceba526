package git

import (
	"context"
	"strings"
)

// Tracked gives the first file that git tracks among paths and below them, from the
// root of the repository, empty if there is none. The paths are absolute, and mean
// themselves: no sign in them is a pattern.
func (r *Repo) Tracked(ctx context.Context, paths ...string) (string, error) {
	list, err := r.ask(ctx, append([]string{"--literal-pathspecs", "ls-files", "-z", "--"}, paths...)...)
	first, _, _ := strings.Cut(list, "\x00")
	return first, err
}
