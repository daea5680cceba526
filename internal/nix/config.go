package nix

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/builders"
	"github.com/flakeci/flakeci/internal/proc"
)

// Machine says where builds can run, according to Nix's settings.
type Machine struct {
	// System is this machine's own.
	System string
	// Local lists the systems that this machine builds for, Systems also those of remote
	// builders.
	Local, Systems []string
	// MaxJobs is how many builders Nix may run at once on this machine. 0 leaves all
	// builds to remote builders.
	MaxJobs int
	Remotes []builders.Remote
	// Elsewhere is the machine that has the store, and builds everything, as scheme://host. It does
	// not say for which systems. It is empty for this machine.
	Elsewhere string
}

// Knows reports whether this machine or a remote builder says that it builds for the system.
func (m Machine) Knows(system string) bool {
	return system == "builtin" || slices.Contains(m.Systems, system)
}

// CanBuild reports whether to try to build a derivation for the system.
func (m Machine) CanBuild(system string) bool { return m.Elsewhere != "" || m.Knows(system) }

// Machine asks Nix for its settings.
func (c *Client) Machine(ctx context.Context) (Machine, error) {
	out, err := c.showConfig(ctx)
	if err != nil {
		return Machine{}, err
	}
	m, err := decodeMachine(out)
	if m.Elsewhere = c.stores.elsewhere(); m.Elsewhere != "" {
		m.Remotes = nil // that machine has its own
	}
	return m.Without(nil), err
}

// buildsNothing reports whether the settings leave all builds to remote builders.
func (c *Client) buildsNothing() bool {
	jobs := 1
	return decodeSettings(c.config, map[string]any{"max-jobs": &jobs}) == nil && jobs == 0
}

// showConfig returns all settings, as they are with the common options of every call.
func (c *Client) showConfig(ctx context.Context) ([]byte, error) {
	if c.config != nil {
		return c.config, nil
	}
	return c.askConfig(ctx)
}

func (c *Client) askConfig(ctx context.Context) ([]byte, error) {
	out := proc.LimitedBuffer{Max: maxAnswer}
	if _, err := c.run(ctx, call{sub: []string{"show-config"}, args: []string{"--json"}, stdout: &out, limit: c.limits.ask}); err != nil {
		return nil, err
	}
	// Nix prints every setting, so a missing one was lost.
	var m Machine
	if err := decodeSettings(out.Bytes(), map[string]any{"system": &m.System}); err != nil {
		return nil, err
	}
	if m.System == "" {
		return nil, badAnswer("show-config", "it does not name the system of this machine")
	}
	return out.Bytes(), nil
}

// decodeSettings reads settings by name. Missing ones keep their value.
func decodeSettings(out []byte, settings map[string]any) error {
	var config map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := decodeAnswer("show-config", out, &config); err != nil {
		return err
	}
	for name, into := range settings {
		if v := config[name].Value; v != nil {
			if err := json.Unmarshal(v, into); err != nil {
				return badAnswer("show-config", "%s: %v", name, err)
			}
		}
	}
	return nil
}

// setting returns the value of a setting that is a word or a number, or "" if it is unknown.
func (c *Client) setting(name string) string {
	var value json.RawMessage
	if c.config == nil || decodeSettings(c.config, map[string]any{name: &value}) != nil {
		return ""
	}
	var word string
	if json.Unmarshal(value, &word) == nil {
		return word
	}
	return string(value)
}

// Credentials returns the settings that may contain credentials (access tokens and
// addresses), as in a nix.conf. It is empty if the settings are unknown.
func (c *Client) Credentials() string {
	var config map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(c.config, &config) != nil {
		return ""
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(config)) {
		var word string
		var list []string
		var tokens map[string]string
		switch v := config[name].Value; {
		case json.Unmarshal(v, &list) == nil:
			word = strings.Join(list, " ")
		case name == "access-tokens" && json.Unmarshal(v, &tokens) == nil:
			for _, host := range slices.Sorted(maps.Keys(tokens)) {
				word += " " + host + "=" + tokens[host]
			}
		case json.Unmarshal(v, &word) != nil:
			continue
		}
		fmt.Fprintf(&text, "%s = %s\n", name, strings.TrimSpace(word))
	}
	return text.String()
}

func decodeMachine(out []byte) (Machine, error) {
	m := Machine{MaxJobs: 1}
	var extra []string
	var setting string
	if err := decodeSettings(out, map[string]any{"system": &m.System, "extra-platforms": &extra, "builders": &setting, "max-jobs": &m.MaxJobs}); err != nil {
		return Machine{}, err
	}
	m.Local = append([]string{m.System}, extra...)
	for _, r := range builders.Parse(setting) {
		if r.Systems == nil {
			r.Systems = []string{m.System}
		}
		m.Remotes = append(m.Remotes, r)
	}
	return m.Without(nil), nil
}

// Without returns the machine without some of its remote builders.
func (m Machine) Without(names []string) Machine {
	m.Remotes = slices.DeleteFunc(slices.Clone(m.Remotes), func(r builders.Remote) bool { return slices.Contains(names, r.Name) })
	m.Systems = slices.Clone(m.Local)
	for _, r := range m.Remotes {
		for _, system := range r.Systems {
			if !slices.Contains(m.Systems, system) {
				m.Systems = append(m.Systems, system)
			}
		}
	}
	return m
}

// BuildsFor reports whether this machine or a remote builder would be given a build for the system.
func (m Machine) BuildsFor(system string) bool {
	return m.MaxJobs > 0 && slices.Contains(m.Local, system) ||
		slices.ContainsFunc(m.Remotes, func(r builders.Remote) bool { return slices.Contains(r.Systems, system) })
}

// With returns a client that builds on the remote builders of a machine, instead of those that the
// settings name.
func (c *Client) With(m Machine) *Client {
	var lines []string
	for _, r := range m.Remotes {
		lines = append(lines, r.Line)
	}
	with := *c
	with.common = append(slices.Clip(c.common), "--builders", strings.Join(lines, " ; "))
	return &with
}
