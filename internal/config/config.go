// Package config decodes and validates flakeci.toml, and shows the line of each mistake.
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

// Name is the file's name beside flake.nix.
const Name = "flakeci.toml"

// keys lists what the file may hold. Each key but the tables is the flag of that name, and
// empty text leaves the flag alone. The file says what to run. Whatever changes whom Nix trusts, what an
// evaluation may see or where Nix builds is for the command line alone: a pull request
// brings its own file along, and whoever tests it has not read that yet.
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

// File is a configuration as it was read. The zero value stands for a flake without one.
type File struct {
	Path string
	Text []byte
}

// Config is what a file says.
type Config struct {
	Flags     []Flag
	Overrides [][2]string // inputs of the flake and what replaces them
	Options   [][2]string // settings of Nix and their values
	VM        VM
}

// Flag is a flag and what the file gives for it: one value, or those of a list.
type Flag struct {
	Name   string
	Values []string
}

// Decode decodes and validates the file. If a key is unknown here but isFlag knows it, the
// error says that it is for the command line alone. The error is an [*Error].
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
			return c, f.ErrorAt(key, "%s is not for a file of the repository to set; give it with --option", key)
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

// flags lists the flags that have a value, by name.
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

// given returns the keys that a table of the file has, with their values. A field's tag
// names its key; without a tag the key is the field's name in lower case.
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

// harmlessOptions are the settings of Nix that a repository may choose: limits, and what Nix
// prints. Most others decide who is trusted with what, or name programs to run, so a
// setting that is not known to be harmless is for the command line.
var harmlessOptions = []string{
	"allow-import-from-derivation", "connect-timeout", "cores", "download-attempts", "fallback",
	"http-connections", "keep-going", "log-lines", "max-build-log-size", "max-call-depth", "max-jobs",
	"max-silent-time", "max-substitution-jobs", "show-trace", "stalled-download-timeout", "timeout", "warn-dirty",
}

// resolve resolves a folder relative to the file, wherever flakeci is started. It leaves any
// other reference to Nix.
func (f File) resolve(ref string) string {
	dir := strings.TrimPrefix(ref, "path:")
	joined := filepath.Join(filepath.Dir(f.Path), dir)
	if st, err := os.Stat(joined); filepath.IsAbs(dir) || err != nil || !st.IsDir() {
		return ref
	}
	return strings.TrimSuffix(ref, dir) + joined
}
