package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// An empty value switches remote builders off, as it does for nix itself.
func TestNoBuilders(t *testing.T) {
	file := filepath.Join(t.TempDir(), configName)
	if err := os.WriteFile(file, []byte("builders = \"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"file": nil, "flag": {"--builders", ""}, "neither": nil} {
		var n nixFlags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		n.add(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		if name == "file" {
			if _, err := readConfig(flags, file, ""); err != nil {
				t.Fatal(err)
			}
		}
		given := (&App{}).clientOptions(n).Builders
		if is := given != nil && *given == ""; is != (name != "neither") {
			t.Errorf("%s: builders are given as %v", name, given)
		}
	}
}

func TestConfigOptions(t *testing.T) {
	tests := map[string]struct {
		toml, want string // the settings, or what the error says
		wrong      bool
	}{
		"string":   {toml: `substituters = ""`, want: "substituters="},
		"bool":     {toml: `sandbox = true`, want: "sandbox=true"},
		"number":   {toml: `cores = 2`, want: "cores=2"},
		"list":     {toml: `substituters = ["https://a.example", "https://b.example"]`, want: "substituters=https://a.example https://b.example"},
		"no words": {toml: `substituters = []`, want: "substituters="},
		"table":    {toml: `x = { y = 1 }`, want: "takes a string", wrong: true},
		"list of":  {toml: `x = [1]`, want: "a list holds strings", wrong: true},
		"hook":     {toml: `post-build-hook = "./evil"`, want: "names a program", wrong: true},
		"plugins":  {toml: `extra-plugin-files = "./evil.so"`, want: "names a program", wrong: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), configName)
			if err := os.WriteFile(file, []byte("[option]\n"+tt.toml+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var n nixFlags
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			n.add(flags)
			_, err := readConfig(flags, file, "")
			if tt.wrong {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
				return
			}
			key, value, _ := strings.Cut(tt.want, "=")
			if want := (pairs{{key, value}}); err != nil || !slices.Equal(n.settings, want) {
				t.Errorf("got %q, %v, want %q", n.settings, err, want)
			}
		})
	}
}
