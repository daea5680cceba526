package push

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix"
)

// store pushes with Nix to a store. Nix asks the store what it lacks. It copies whole closures, as
// a binary cache takes no path without what that refers to.
type store struct {
	client *nix.Client
	target Target
	env    []string
}

func (s store) push(ctx context.Context, outputs []string, alive func()) (sent, error) {
	started, err := s.client.Copy(ctx, outputs, nix.CopyOptions{To: s.target.store, Env: s.env, Alive: alive})
	return sent{started: started, nothing: len(started) == 0}, err
}
