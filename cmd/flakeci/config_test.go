package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/output"
)

// A shell's --config <(...) is a pipe, which can only be read once. The lines in errors come
// from the same reading.
func TestConfigurationInAPipe(t *testing.T) {
	const text = "host = [\"nas\"]\n"
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := to.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	var f flakeFlags
	cmd := &cobra.Command{}
	f.add(cmd.Flags())
	f.configPath = fmt.Sprintf("/dev/fd/%d", from.Fd())
	if err := f.load(cmd, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.selection.Hosts, []string{"nas"}) || string(f.origin.config.Text) != text {
		t.Errorf("hosts %q, lines %q", f.selection.Hosts, f.origin.config.Text)
	}
}

// An empty value disables remote builders, as it does in Nix.
func TestNoBuilders(t *testing.T) {
	for name, args := range map[string][]string{"flag": {"--builders", ""}, "neither": nil} {
		var n nixFlags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		n.add(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		o, err := (&App{}).clientOptions(n, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if is := o.Builders != nil && *o.Builders == ""; is != (name != "neither") {
			t.Errorf("%s: builders are given as %v", name, o.Builders)
		}
	}
}

// Nix has several words for no.
func TestIsImpure(t *testing.T) {
	for value, impure := range map[string]bool{"false": true, "no": true, "0": true, "true": false, "yes": false} {
		n := nixFlags{settings: flagvalue.Pairs{{"cores", "0"}, {"pure-eval", value}}}
		if n.isImpure() != impure {
			t.Errorf("--option pure-eval %s: %v", value, !impure)
		}
	}
}

func TestConfigOptions(t *testing.T) {
	tests := map[string]struct {
		toml, want string // the settings, or the error
		wrong      bool
	}{
		"string":  {toml: `max-jobs = "auto"`, want: "max-jobs=auto"},
		"bool":    {toml: `keep-going = true`, want: "keep-going=true"},
		"number":  {toml: `cores = 2`, want: "cores=2"},
		"table":   {toml: `cores = { y = 1 }`, want: "takes a string", wrong: true},
		"list":    {toml: `cores = [1]`, want: "takes a string", wrong: true},
		"hook":    {toml: `post-build-hook = "./evil"`, want: "can be set only on the command line: --option", wrong: true},
		"sandbox": {toml: `sandbox = false`, want: "can be set only on the command line: --option", wrong: true},
		"caches":  {toml: `extra-substituters = "https://evil.example"`, want: "can be set only on the command line: --option", wrong: true},
		"newer":   {toml: `a-setting-of-tomorrow = 1`, want: "can be set only on the command line: --option", wrong: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := config.File{Path: config.Name, Text: []byte("[option]\n" + tt.toml + "\n")}
			var n nixFlags
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			n.add(flags)
			_, err := applyConfig(flags, file, output.New(""))
			if tt.wrong {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
				return
			}
			key, value, _ := strings.Cut(tt.want, "=")
			if want := (flagvalue.Pairs{{key, value}}); err != nil || !slices.Equal(n.settings, want) {
				t.Errorf("got %q, %v, want %q", n.settings, err, want)
			}
		})
	}
}

// A pull request may change flakeci.toml. Whatever path it names for writing must be below
// the flake's folder.
func TestPathsInTheConfigurationAreRestricted(t *testing.T) {
	restricted := 0
	run := (&App{}).runCommand()
	run.Flags().VisitAll(func(flag *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(flag)
		file := config.File{Path: config.Name, Text: []byte(flag.Name + ` = "../../.ssh/authorized_keys"` + "\n")}
		if c, err := file.Decode(func(string) bool { return true }); err != nil || len(c.Flags) == 0 {
			return // not a key of the file, or not a text
		}
		_, err := applyConfig(run.Flags(), file, output.New(t.TempDir()))
		switch isPath := name == "FILE" || name == "FOLDER"; {
		case isPath && (err == nil || !strings.Contains(err.Error(), "is outside the flake's folder")):
			t.Errorf("%s of flakeci.toml takes any path: %v", flag.Name, err)
		case isPath:
			restricted++
		case err == nil && strings.Contains(strings.ToLower(flag.Usage), "write"):
			t.Errorf("%s of flakeci.toml writes somewhere and is not restricted", flag.Name)
		}
	})
	if restricted < len(forms.All())+1 { // and --artifacts
		t.Errorf("only %d paths are restricted", restricted)
	}
}
