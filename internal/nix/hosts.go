package nix

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix/question"
)

// Host is the configuration of a machine.
type Host struct {
	ID   string   // the caller's name for it
	Path []string // from the flake's outputs
}

// Hosts asks hosts for the homes inside them, and for their names and accounts. A host that does
// not evaluate is missing from the result, which is by id.
func (t *Target) Hosts(ctx context.Context, hosts []Host) (map[string]question.HostAnswer, error) {
	answers := map[string]question.HostAnswer{}
	err := each(hosts, func(some []Host) error {
		got := inOrder[question.HostAnswer]{want: len(some)}
		var paths [][]string
		for _, h := range some {
			paths = append(paths, h.Path)
		}
		_, err := t.Eval(ctx, question.Hosts(paths), &got)
		for i, answer := range got.list {
			answers[some[i].ID] = answer
		}
		return err
	})
	return answers, err
}
