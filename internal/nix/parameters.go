package nix

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Parameters of a reference, the part behind its question mark, choose what is read
// of a source. Nix keeps those that it knows as attributes, but its URLs do not carry
// all of them: 2.8 writes no submodules into the URL of a git repository and no host
// into that of a forge, 2.26 and 2.34 write no allRefs. What is evaluated must not be
// read off the URL alone.

// carriedParameters are attributes that a URL has to carry, by the type of source.
func carriedParameters(sourceType string) []string {
	switch sourceType {
	case "git":
		return []string{"submodules", "shallow", "allRefs", "lfs", "exportIgnore", "verifyCommit", "keytype", "publicKey", "publicKeys", "name"}
	case "github", "gitlab", "sourcehut":
		return []string{"host"}
	case "path":
		return []string{"rev", "revCount"}
	}
	return nil
}

// choosingParameters are those that decide what is read. Nix refuses what it does not
// know for most types; for these it takes an unknown parameter for a part of the
// address, and reads another tree than was asked for.
func choosingParameters(sourceType string) []string {
	switch sourceType {
	case "git":
		return []string{"dir", "ref", "rev", "submodules", "lfs", "exportIgnore", "verifyCommit", "keytype", "publicKey", "publicKeys", "narHash"}
	case "tarball", "file":
		return []string{"dir", "narHash"}
	}
	return nil
}

// UnmarshalJSON keeps all attributes besides those with fields of their own.
func (s *flakeSource) UnmarshalJSON(text []byte) error {
	type plain flakeSource
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	return json.Unmarshal(text, &s.attrs)
}

// parameter is an attribute as a URL writes it, "" for one that is not set or is off.
func (s flakeSource) parameter(name string) string {
	switch v := s.attrs[name].(type) {
	case string:
		return v
	case bool:
		if v {
			return "1"
		}
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}

// carry adds to a URL that Nix wrote the attributes that it lacks.
func (s flakeSource) carry(ref string) string {
	_, query, _ := strings.Cut(ref, "?")
	has := parameters(query)
	for _, name := range carriedParameters(s.Type) {
		if value := s.parameter(name); value != "" && has[name] == "" {
			ref = withParameter(ref, name, value)
		}
	}
	return ref
}

func withParameter(ref, name, value string) string {
	separator := "?"
	if strings.Contains(ref, "?") {
		separator = "&"
	}
	// Nix does not read + as a space.
	return ref + separator + name + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// parameters reads a query as Nix does, for which + is no space.
func parameters(query string) map[string]string {
	all := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		if name != "" {
			all[name] = value
		}
	}
	return all
}

// askedParameters are those of a reference as a person gave it. A folder may have a
// question mark in its name.
func askedParameters(ref string) map[string]string {
	if dir, _ := localFolder(ref); dir != "" {
		return nil
	}
	ref, _, _ = strings.Cut(ref, "#")
	_, query, _ := strings.Cut(ref, "?")
	return parameters(query)
}

// heed compares what a reference asks for with what Nix made of it. The error is a
// [*NoFlakeError] that names the parameter: Nix itself would go on without it.
func (c *Client) heed(ref, input string, of flakeSource) error {
	asked := askedParameters(ref)
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		want, got := asked[name], of.parameter(name)
		if !slices.Contains(choosingParameters(of.Type), name) || got == want || got == "" && (want == "0" || want == "") {
			continue
		}
		if name == "dir" && path.Clean(got) == path.Clean("./"+want) {
			continue
		}
		reason := fmt.Sprintf("Nix %s ignores %s=%s, so another tree would be tested; leave it out, or use a Nix that knows it", c.Version, name, want)
		switch _, known := of.attrs[name].(bool); {
		case known:
			reason = fmt.Sprintf("Nix %s takes %s=%s for off; write %s=1", c.Version, name, want, name)
		case got != "":
			reason = fmt.Sprintf("Nix %s takes %s=%s for %s", c.Version, name, want, got)
		}
		return &NoFlakeError{Ref: ref, Input: input, Reason: reason}
	}
	return nil
}

// source is what Nix made of a reference. If Nix does not keep a hash that was asked
// for, it has that of the tree.
func (m metadata) source() flakeSource {
	of := m.Resolved
	if of.parameter("narHash") == "" {
		of.attrs = maps.Clone(of.attrs)
		of.attrs["narHash"] = m.Locked.parameter("narHash")
	}
	return of
}

// heedOverrides does the same for overridden inputs, with what the lock file says of
// them.
func (c *Client) heedOverrides(overrides []Override, l lockFile) error {
	for _, o := range overrides {
		if node, ok := l.at(o.Name); ok {
			if err := c.heed(o.Ref, o.Name, node.Locked); err != nil {
				return err
			}
		}
	}
	return nil
}

// at is the input that a path such as mid/nixpkgs leads to.
func (l lockFile) at(name string) (lockNode, bool) {
	node := l.Nodes[l.Root]
	for _, part := range strings.Split(name, "/") {
		var next string
		if json.Unmarshal(node.Inputs[part], &next) != nil || next == "" {
			return lockNode{}, false
		}
		node = l.Nodes[next]
	}
	return node, true
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
	for _, name := range carriedParameters(m.Resolved.Type) {
		if want := m.Resolved.parameter(name); again.Resolved.parameter(name) != want {
			return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s loses %s=%s, so another tree would be tested", c.Version, name, want)}
		}
	}
	if m.Revision != "" && again.Path != m.Path {
		return &NoFlakeError{Ref: f.Ref, Reason: fmt.Sprintf("Nix %s reads another tree at %s", c.Version, f.eval)}
	}
	return nil
}
