package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/output"
)

// applyConfig sets the flags that the file has and the command line does not, and returns
// the settings without a flag. It restricts the output paths in the file.
func applyConfig(flags *pflag.FlagSet, file config.File, outputs *output.Paths) (config.VM, error) {
	c, err := file.Decode(func(name string) bool { return flags.Lookup(name) != nil })
	if err != nil {
		return config.VM{}, err
	}
	for _, given := range c.Flags {
		flag := flags.Lookup(given.Name)
		if flag == nil || flag.Changed { // one file serves all subcommands
			continue
		}
		if slices.Contains(outputFlags, flag.Name) && (given.Values[0] != "-" || flag.Name == "artifacts") {
			path, err := outputs.Restrict(flag.Name, given.Values[0])
			if err != nil {
				return config.VM{}, file.ErrorAt(flag.Name, "%s takes a path below the flake's folder: %v; give another with --%s", flag.Name, err, flag.Name)
			}
			given.Values[0] = path
		}
		for _, value := range given.Values {
			if err := flag.Value.Set(value); err != nil {
				return config.VM{}, file.ErrorAt(flag.Name, "%s", badValue(flag, value, err))
			}
		}
	}
	for name, table := range map[string][][2]string{"override-input": c.Overrides, "option": c.Options} {
		if flag := flags.Lookup(name); flag != nil {
			if p, ok := flag.Value.(*pairs); ok {
				// Nix takes the last value for a name.
				*p = append(table, *p...)
			}
		}
	}
	return c.VM, nil
}

// findConfig reads the configuration: the file at path, which must exist, or without a path
// flakeci.toml in the flake's folder, which may be missing. Call it once: the file may be a
// pipe.
func findConfig(path, flakeDir string) (config.File, error) {
	named := path != ""
	if !named {
		if flakeDir == "" {
			return config.File{}, nil
		}
		path = filepath.Join(flakeDir, config.Name)
	}
	text, err := readConfig(path, named, flakeDir)
	var link *safefile.LinkError
	switch {
	case errors.Is(err, safefile.ErrTooLong):
		return config.File{}, &config.Error{Path: path, Detail: "is too long for a configuration"}
	case errors.Is(err, safefile.ErrNotRegular) && !named:
		return config.File{}, &config.Error{Path: path, Detail: "is not a regular file; to read it anyway, name it with --config"}
	case errors.Is(err, fs.ErrNotExist) && !named:
		return config.File{}, nil
	case errors.As(err, &link):
		return config.File{}, &usageError{msg: "--config: " + err.Error(), hint: "links in a checkout are not followed; name the file itself"}
	case err != nil:
		return config.File{}, &usageError{msg: err.Error(), hint: "--config takes a file such as flakeci.toml"}
	}
	return config.File{Path: path, Text: text}, nil
}

// maxConfig is the size of the largest configuration, in bytes.
const maxConfig = 1 << 20

// readConfig reads a file. The default file may not be a link, and the path of a named one
// may not go through a link in a checkout: a pull request could link it to a secret, and
// errors show lines. The user's own links are followed.
func readConfig(path string, named bool, flakeDir string) ([]byte, error) {
	if !named {
		return safefile.Read(path, maxConfig)
	}
	if !safefile.IsStream(path) {
		checkouts, err := checkouts(flakeDir)
		if err == nil {
			path, err = safefile.Resolve(path, checkouts...)
		}
		if err != nil {
			return nil, err
		}
	}
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return safefile.All(f, maxConfig)
}

// checkouts lists the folders whose links a stranger may have made.
func checkouts(flakeDir string) ([]string, error) {
	at, err := safefile.WorkingDir()
	if err != nil {
		return nil, err
	}
	folders := []string{flakeDir}
	if flakeDir != "" {
		folders = append(folders, git.Root(flakeDir))
	}
	if at != "/" { // not a checkout
		folders = append(folders, at)
	}
	return folders, nil
}
