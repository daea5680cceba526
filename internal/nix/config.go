package nix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Machine is what Nix's settings say of where builds can run.
type Machine struct {
	// System is this machine's own; Systems are all that builds can run for,
	// here or on a remote builder.
	System  string
	Systems []string
}

// CanBuild says whether a derivation for the system can be built from here.
func (m Machine) CanBuild(system string) bool {
	return system == "builtin" || slices.Contains(m.Systems, system)
}

// Machine asks Nix for its settings.
func (c *Client) Machine(ctx context.Context) (Machine, error) {
	out, err := c.showConfig(ctx)
	if err != nil {
		return Machine{}, err
	}
	return decodeMachine(out)
}

// showConfig gives all settings as they hold with what every call is given.
func (c *Client) showConfig(ctx context.Context) ([]byte, error) {
	if c.config != nil {
		return c.config, nil
	}
	return c.askConfig(ctx)
}

func (c *Client) askConfig(ctx context.Context) ([]byte, error) {
	var out bytes.Buffer
	if _, err := c.run(ctx, call{sub: []string{"show-config"}, args: []string{"--json"}, stdout: &out}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeSettings reads settings by name; those that are not there stay as they
// are.
func decodeSettings(out []byte, settings map[string]any) error {
	var config map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(out, &config); err != nil {
		return fmt.Errorf("nix show-config: %w", err)
	}
	for name, into := range settings {
		if v := config[name].Value; v != nil {
			if err := json.Unmarshal(v, into); err != nil {
				return fmt.Errorf("nix show-config: %s: %w", name, err)
			}
		}
	}
	return nil
}

func decodeMachine(out []byte) (Machine, error) {
	var m Machine
	var extra []string
	var builders string
	if err := decodeSettings(out, map[string]any{"system": &m.System, "extra-platforms": &extra, "builders": &builders}); err != nil {
		return Machine{}, err
	}
	m.Systems = append([]string{m.System}, extra...)
	m.Systems = append(m.Systems, builderSystems(builders)...)
	return m, nil
}

// builderSystems reads the systems of the `builders` setting: machines are
// separated by ; or newlines, the second word of each lists its systems, and
// @FILE stands for the lines of a file.
func builderSystems(spec string) []string { return systemsOf(spec, 0) }

// Files that name files, as deep as anybody would; one could name itself.
const maxBuilderFiles = 5

func systemsOf(spec string, depth int) []string {
	var systems []string
	for _, line := range strings.FieldsFunc(spec, func(r rune) bool { return r == ';' || r == '\n' }) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if file, ok := strings.CutPrefix(line, "@"); ok {
			if text, err := os.ReadFile(file); err == nil && depth < maxBuilderFiles {
				systems = append(systems, systemsOf(string(text), depth+1)...)
			}
			continue
		}
		if words := strings.Fields(line); len(words) > 1 && words[1] != "-" {
			systems = append(systems, strings.FieldsFunc(words[1], func(r rune) bool { return r == ',' })...)
		}
	}
	return systems
}
