package git

import (
	"context"
	"strings"
)

// Tracked returns the first file that git tracks at or below one of the paths, relative to the
// repository's root, or "". The paths are absolute and literal.
func (r *Repo) Tracked(ctx context.Context, paths ...string) (string, error) {
	list, err := r.git(ctx, append([]string{"--literal-pathspecs", "ls-files", "-z", "--"}, paths...)...)
	first, _, _ := strings.Cut(list, "\x00")
	return first, err
}
