package nix

import (
	"context"
	"encoding/json"
	"fmt"
)

// heed compares a reference, and the overrides of inputs, with what Nix made of them. The
// error is a [*NoFlakeError] that names the parameter: Nix itself would go on without it.
func (c *Client) heed(ref string, overrides []Override, m metadata) error {
	if reason := m.Resolved.WithHash(m.Locked).Misread(ref, c.Version.String()); reason != "" {
		return &NoFlakeError{Ref: ref, Reason: reason}
	}
	for _, o := range overrides {
		input, _ := m.Locks.Input(o.Name)
		if reason := input.Misread(o.Ref, c.Version.String()); reason != "" {
			return &NoFlakeError{Ref: o.Ref, Input: o.Name, Reason: reason}
		}
	}
	return nil
}

// proveCarried has Nix confirm that a reference which flakeci wrote itself is the tree
// that was resolved.
func (c *Client) proveCarried(ctx context.Context, f *Flake, args []string, m metadata) error {
	var again metadata
	var raw json.RawMessage
	q := question{flake: f, call: call{sub: []string{"flake", "metadata"}, args: args, refs: []string{f.eval}, limit: c.limits.fetching(ctx)}}
	if _, err := c.evaluate(ctx, q, &raw); err != nil {
		return err
	}
	if err := again.decode(raw); err != nil {
		return err
	}
	for _, name := range m.Resolved.CarriedParameters() {
		if want := m.Resolved.Parameter(name); again.Resolved.Parameter(name) != want {
			return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s loses %s=%s, so another tree would be tested", c.Version, name, want)}
		}
	}
	if m.Revision != "" && again.Path != m.Path {
		return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s reads another tree at %s", c.Version, f.eval)}
	}
	return nil
}
