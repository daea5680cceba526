// Package config reads flakeci.toml. Its errors show the line of each mistake.
package config

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Name is the file's name next to flake.nix.
const Name = "flakeci.toml"

// keys lists the keys of the file. Each key except the tables sets the flag of that name; an empty
// text sets nothing. The file says what to run. Settings that change what Nix trusts, what an
// evaluation may see or where Nix builds are only for the command line: a pull request brings its
// own file, which nobody has read before the run.
type keys struct {
	Host, User, Kind, Cell, Exclude, System []string

	Jobs, Retries *int
	EvalJobs      *int  `toml:"eval-jobs"`
	Changed       *bool `toml:"changed-only"`
	EvalOnly      *bool `toml:"eval-only"`
	FailFast      *bool `toml:"fail-fast"`

	Base, Stall, Timeout, Deadline                string
	EvalMemory                                    string `toml:"eval-memory"`
	JSON, JUnit, Markdown, HTML, Trace, Artifacts string
	Progress, Color                               string

	OverrideInput map[string]string `toml:"override-input"`
	Option        map[string]any
	VM            vmTable
}

// File is an undecoded configuration. The zero value is for a flake without one.
type File struct {
	Path string
	Text []byte
}

// Config is a decoded file.
type Config struct {
	Flags     []Flag
	Overrides [][2]string // inputs of the flake and their replacements
	Options   [][2]string // settings of Nix and their values
	VM        VM
}

// Flag is a flag with its value in the file, or with the values of a list.
type Flag struct {
	Name   string
	Values []string
}

// Decode decodes and validates the file. If an unknown key is a flag, the error says that only the
// command line can set it. The error is an [*Error].
func (f File) Decode(isFlag func(name string) bool) (c Config, err error) {
	var k keys
	if err := toml.NewDecoder(bytes.NewReader(f.Text)).DisallowUnknownFields().Decode(&k); err != nil {
		return c, f.explainTOML(err, isFlag)
	}
	if c.VM, err = k.VM.read(f); err != nil {
		return c, err
	}
	c.Flags = k.flags(c.VM)
	for _, name := range slices.Sorted(maps.Keys(k.OverrideInput)) {
		c.Overrides = append(c.Overrides, [2]string{name, f.resolve(k.OverrideInput[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(k.Option)) {
		key := "option." + name
		if !slices.Contains(harmlessOptions, name) {
			return c, f.ErrorAt(key, "%s can be set only on the command line: --option %s VALUE", key, name)
		}
		switch value := k.Option[name].(type) {
		case string, bool, int64:
			c.Options = append(c.Options, [2]string{name, fmt.Sprint(value)})
		default:
			return c, f.ErrorAt(key, "%s takes a string, a number, true or false", key)
		}
	}
	return c, nil
}

// flags lists the flags with a value, sorted by name.
func (k keys) flags(vm VM) (list []Flag) {
	values := given(k)
	values["vm"], values["accel"] = vm.hosts, vm.accel
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var texts []string
		switch value := values[name].(type) {
		case []string:
			texts = value
		case string, int, bool:
			texts = []string{fmt.Sprint(value)}
		}
		if len(texts) > 0 && texts[0] != "" {
			list = append(list, Flag{name, texts})
		}
	}
	return list
}

// given returns the keys that a table of the file sets, with their values. A field's tag names
// its key; without a tag the key is the field's name in lower case.
func given(table any) map[string]any {
	values := map[string]any{}
	v := reflect.ValueOf(table)
	for i := range v.NumField() {
		if field, value := v.Type().Field(i), v.Field(i); !value.IsZero() {
			values[cmp.Or(field.Tag.Get("toml"), strings.ToLower(field.Name))] = reflect.Indirect(value).Interface()
		}
	}
	return values
}

// harmlessOptions are the settings of Nix that a repository may choose: limits, and Nix's output.
// Most others affect trust or name programs to run, so only the command line may set a setting
// that is not known to be harmless.
var harmlessOptions = []string{
	"allow-import-from-derivation", "connect-timeout", "cores", "download-attempts", "fallback",
	"http-connections", "keep-going", "log-lines", "max-build-log-size", "max-call-depth", "max-jobs",
	"max-silent-time", "max-substitution-jobs", "show-trace", "stalled-download-timeout", "timeout", "warn-dirty",
}

// resolve makes a folder relative to the file, not to where flakeci was started. It leaves other
// references to Nix.
func (f File) resolve(ref string) string {
	dir := strings.TrimPrefix(ref, "path:")
	joined := filepath.Join(filepath.Dir(f.Path), dir)
	if st, err := os.Stat(joined); filepath.IsAbs(dir) || err != nil || !st.IsDir() {
		return ref
	}
	return strings.TrimSuffix(ref, dir) + joined
}
