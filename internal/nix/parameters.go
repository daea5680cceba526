package nix

import (
	"context"
	"fmt"

	"github.com/flakeci/flakeci/internal/nix/flakeref"
)

// checkParameters compares a reference, and the overrides of inputs, with what Nix made of
// them. The error is a [*NoFlakeError] that names the parameter: Nix itself would ignore it
// silently.
func (c *Client) checkParameters(ref flakeref.Ref, overrides []Override, m metadata) error {
	if reason := m.Resolved.WithHash(m.Locked).Misread(ref, c.Version.String()); reason != "" {
		return &NoFlakeError{Ref: ref.Text, Reason: reason}
	}
	for _, o := range overrides {
		input, _ := m.Locks.Input(o.Name)
		if reason := input.Misread(flakeref.Parse(o.Ref), c.Version.String()); reason != "" {
			return &NoFlakeError{Ref: o.Ref, Input: o.Name, Reason: reason}
		}
	}
	return nil
}

// confirmParameters asks Nix whether a reference that flakeci wrote itself is the tree that
// was resolved.
func (c *Client) confirmParameters(ctx context.Context, f *Flake, args []string, m metadata) error {
	raw, err := c.metadata(ctx, f, args)
	if err != nil {
		return err
	}
	var again metadata
	if err := again.decode(raw); err != nil {
		return err
	}
	for _, name := range m.Resolved.CarriedParameters() {
		if want := m.Resolved.Parameter(name); again.Resolved.Parameter(name) != want {
			return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s drops %s=%s, so another tree would be tested", c.Version, name, want)}
		}
	}
	if m.Revision != "" && again.Path != m.Path {
		return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s reads another tree at %s", c.Version, f.eval)}
	}
	return nil
}
