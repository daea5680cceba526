package nix

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Machine is what Nix's settings say of where builds can run.
type Machine struct {
	// System is this machine's own; Systems are all that builds can run for,
	// here or on a remote builder.
	System  string
	Systems []string
	// Local are those that it builds for itself.
	Local []string
	// MaxJobs is how many builders Nix may run at once on this machine; 0 leaves
	// all to the remote ones.
	MaxJobs int
	// Remotes are the remote builders.
	Remotes []Remote
}

// Remote is a machine that Nix hands builds to.
type Remote struct {
	// Systems are those it builds for, none that of this machine.
	Systems []string
	// Jobs is how many builders it runs at once.
	Jobs int
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
	out := proc.LimitedBuffer{Max: maxAnswer}
	if _, err := c.run(ctx, call{sub: []string{"show-config"}, args: []string{"--json"}, stdout: &out, limit: c.limits.ask}); err != nil {
		return nil, err
	}
	// Nix prints every setting, so one that is not there was lost.
	var m Machine
	if err := decodeSettings(out.Bytes(), map[string]any{"system": &m.System}); err != nil {
		return nil, err
	}
	if m.System == "" {
		return nil, badAnswer("show-config", "it does not say what this machine is")
	}
	return out.Bytes(), nil
}

// decodeSettings reads settings by name; those that are not there stay as they
// are.
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

// Credentials gives those settings that may hold credentials, as a nix.conf has
// them: access tokens, and addresses. It is empty if the settings are not known.
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
	var builders string
	if err := decodeSettings(out, map[string]any{"system": &m.System, "extra-platforms": &extra, "builders": &builders, "max-jobs": &m.MaxJobs}); err != nil {
		return Machine{}, err
	}
	m.Local = append([]string{m.System}, extra...)
	m.Systems = slices.Clone(m.Local)
	m.Remotes = remotes(builders, 0)
	for i, r := range m.Remotes {
		if r.Systems == nil {
			m.Remotes[i].Systems = []string{m.System}
		}
		m.Systems = append(m.Systems, r.Systems...)
	}
	return m, nil
}

// Files that name files, as deep as anybody would; one could name itself.
const maxBuilderFiles = 5

// maxBuilders is the longest list of remote builders that is read, in bytes.
const maxBuilders = 1 << 20

// remotes reads the `builders` setting: machines are separated by ; or newlines,
// the second word of each lists its systems, the fourth is how many builders it
// runs at once, and @FILE stands for the lines of a file.
func remotes(spec string, depth int) []Remote {
	var list []Remote
	for _, line := range strings.FieldsFunc(spec, func(r rune) bool { return r == ';' || r == '\n' }) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if file, ok := strings.CutPrefix(line, "@"); ok {
			if text, err := safefile.ReadTarget(file, maxBuilders); err == nil && depth < maxBuilderFiles {
				list = append(list, remotes(string(text), depth+1)...)
			}
			continue
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		r := Remote{Jobs: 1}
		if len(words) > 1 && words[1] != "-" {
			r.Systems = strings.FieldsFunc(words[1], func(r rune) bool { return r == ',' })
		}
		if len(words) > 3 {
			if n, err := strconv.Atoi(words[3]); err == nil && n > 0 {
				r.Jobs = min(n, maxRemoteJobs)
			}
		}
		list = append(list, r)
	}
	return list
}

// No machine runs more builders at once.
const maxRemoteJobs = 1 << 16
