package git

import (
	"context"
	"strings"
)

// Tracked gives the first file that git tracks among the paths or below them, relative
// to the root of the repository, or "". The paths are absolute and taken literally.
func (r *Repo) Tracked(ctx context.Context, paths ...string) (string, error) {
	list, err := r.git(ctx, append([]string{"--literal-pathspecs", "ls-files", "-z", "--"}, paths...)...)
	first, _, _ := strings.Cut(list, "\x00")
	return first, err
}
