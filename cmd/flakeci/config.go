package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
)

// configName is the configuration's name beside flake.nix.
const configName = "flakeci.toml"

// config is flakeci.toml. Each key is the flag of that name and gives its value
// where the flag is not given. It says what to run. What changes whom Nix trusts,
// what an evaluation may see and where is built are flags alone: a pull request
// brings its own file along, and whoever looks at it has not read that yet.
type config struct {
	Host     []string `toml:"host"`
	User     []string `toml:"user"`
	Kind     []string `toml:"kind"`
	Cell     []string `toml:"cell"`
	Exclude  []string `toml:"exclude"`
	System   []string `toml:"system"`
	Base     string   `toml:"base"`
	Changed  *bool    `toml:"changed-only"`
	EvalOnly *bool    `toml:"eval-only"`
	FailFast *bool    `toml:"fail-fast"`
	Jobs     *int     `toml:"jobs"`
	EvalJobs *int     `toml:"eval-jobs"`
	EvalMem  string   `toml:"eval-memory"`
	Retries  *int     `toml:"retries"`
	Stall    string   `toml:"stall"`
	Timeout  string   `toml:"timeout"`
	Deadline string   `toml:"deadline"`

	JSON      string `toml:"json"`
	JUnit     string `toml:"junit"`
	Markdown  string `toml:"markdown"`
	HTML      string `toml:"html"`
	Trace     string `toml:"trace"`
	Artifacts string `toml:"artifacts"`
	Progress  string `toml:"progress"`
	Color     string `toml:"color"`

	OverrideInput map[string]string `toml:"override-input"`
	Option        map[string]any    `toml:"option"`

	VM vmTable `toml:"vm"`
}

// configError is a configuration that cannot be used; Detail shows the line.
type configError struct {
	Path, Detail string
	Hint         string
}

func (e *configError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Detail) }

// readConfig decodes the configuration, sets the flags that were not given, and
// returns what no flag stands for. The fence learns which paths the file gave.
func readConfig(flags *pflag.FlagSet, file configFile, fence *fence) (vmConfig, error) {
	if file.path == "" {
		return vmConfig{}, nil
	}
	var c config
	dec := toml.NewDecoder(strings.NewReader(string(file.text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return vmConfig{}, &configError{Path: file.path, Detail: tomlDetail(err, flags)}
	}
	vm, err := c.VM.settings(file)
	if err != nil {
		return vmConfig{}, err
	}
	return vm, c.apply(flags, file, fence)
}

// findConfig reads the file, if there is one. An explicit path has to be there;
// flakeci.toml in the flake's folder may be. It is called once: the file may be a
// pipe.
func findConfig(path, flakeDir string) (configFile, error) {
	explicit := path != ""
	if !explicit {
		if flakeDir == "" {
			return configFile{}, nil
		}
		path = filepath.Join(flakeDir, configName)
	}
	text, err := readConfigFile(path, explicit, flakeDir)
	var link *safefile.LinkError
	switch {
	case errors.Is(err, safefile.ErrTooLong):
		return configFile{}, &configError{Path: path, Detail: "is longer than any configuration"}
	case errors.Is(err, safefile.ErrNotRegular) && !explicit:
		return configFile{}, &configError{Path: path, Detail: "is not a file of its own; name it with --config if that is meant"}
	case errors.Is(err, fs.ErrNotExist) && !explicit:
		return configFile{}, nil
	case errors.As(err, &link):
		return configFile{}, &usageError{msg: "--config: " + err.Error(), hint: "a checkout's links are not followed; name the file itself"}
	case err != nil:
		return configFile{}, &usageError{msg: err.Error(), hint: "--config takes a file such as flakeci.toml"}
	}
	return configFile{path: path, text: text}, nil
}

// maxConfig is the longest configuration that is read, in bytes.
const maxConfig = 1 << 20

// readConfigFile reads a file. The default file may not be a link, nor may one that is
// named go through a link of a checkout: a pull request could make it one to a secret,
// and lines with mistakes are shown. The user's own links are followed.
func readConfigFile(path string, named bool, flakeDir string) ([]byte, error) {
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

// checkouts are the folders whose links may be a stranger's.
func checkouts(flakeDir string) ([]string, error) {
	at, err := here()
	if err != nil {
		return nil, err
	}
	folders := []string{flakeDir}
	if flakeDir != "" {
		folders = append(folders, git.Root(flakeDir))
	}
	if at != "/" { // which is nobody's checkout
		folders = append(folders, at)
	}
	return folders, nil
}

// tomlDetail says what is wrong and shows the line, where the library knows it.
func tomlDetail(err error, flags *pflag.FlagSet) string {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		first := &unknown.Errors[0]
		key := strings.Join(first.Key(), ".")
		if flags.Lookup(key) != nil {
			return excerpt(first, fmt.Sprintf("%s is for the command line alone: --%s", key, key))
		}
		return excerpt(first, "unknown key "+key)
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return excerpt(decode, plainTOML(decode))
	}
	return err.Error()
}

// excerpt is the message with the lines around the place. The library marks the
// place and repeats its own message there.
func excerpt(e *toml.DecodeError, message string) string {
	lines := strings.Split(e.String(), "\n")
	for i, line := range lines {
		if before, _, ok := strings.Cut(line, "~ "); ok && strings.HasPrefix(strings.TrimLeft(line, " "), "|") {
			lines[i] = before + "~"
		}
	}
	line, _ := e.Position()
	return fmt.Sprintf("line %d: %s\n%s", line, message, strings.Join(lines, "\n"))
}

// What the library says of a value of the wrong kind, in words of Go.
var wrongKindRE = regexp.MustCompile(`^toml: cannot decode TOML \S+ into (?:struct field \S+ of type )?(\S+)`)

const checkHead = "a table, such as [[vm.check]] begins"

// plainTOML says it in words of the file.
func plainTOML(e *toml.DecodeError) string {
	kinds := map[string]string{
		"string": "text in quotes", "int": "a number", "bool": "true or false",
		"[]string": `a list such as ["a", "b"]`, "map[string]string": "a table", "map[string]interface": "a table",
		"main.vmTable": "a table", "main.checkTable": checkHead, "[]main.checkTable": checkHead,
	}
	m := wrongKindRE.FindStringSubmatch(e.Error())
	if m == nil || kinds[m[1]] == "" {
		return strings.TrimPrefix(e.Error(), "toml: ")
	}
	return fmt.Sprintf("%s takes %s", strings.Join(e.Key(), "."), kinds[m[1]])
}

// apply sets each flag that the file has a value for. A flag that the
// subcommand lacks is passed over: one file serves them all.
func (c config) apply(flags *pflag.FlagSet, file configFile, fence *fence) error {
	for _, v := range c.values() {
		flag := flags.Lookup(v.flag)
		if flag == nil || flag.Changed {
			continue
		}
		if slices.Contains(outputFlags, v.flag) && (v.values[0] != "-" || v.flag == "artifacts") {
			path, err := fence.enclose(v.flag, v.values[0])
			if err != nil {
				return file.wrong(v.flag, "%s takes a path below the flake's folder: %v; give another with --%s", v.flag, err, v.flag)
			}
			v.values[0] = path
		}
		for _, value := range v.values {
			if err := flag.Value.Set(value); err != nil {
				return &configError{Path: file.path, Detail: badValue(flag, value, err)}
			}
		}
	}
	var inputs, options [][2]string
	for _, name := range slices.Sorted(maps.Keys(c.OverrideInput)) {
		inputs = append(inputs, [2]string{name, besides(file.path, c.OverrideInput[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Option)) {
		value, err := settingOf(name, c.Option[name])
		if err != nil {
			return file.wrong("option."+name, "option.%s %v", name, err)
		}
		options = append(options, [2]string{name, value})
	}
	for name, table := range map[string][][2]string{"override-input": inputs, "option": options} {
		if flag := flags.Lookup(name); flag != nil {
			if p, ok := flag.Value.(*pairs); ok {
				// Nix takes the last one for a name.
				*p = append(table, *p...)
			}
		}
	}
	return nil
}

// setting is what the file says on one flag.
type setting struct {
	flag   string
	values []string
}

func (c config) values() []setting {
	var list []setting
	add := func(flag string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			list = append(list, setting{flag, values})
		}
	}
	add("host", c.Host...)
	add("user", c.User...)
	add("kind", c.Kind...)
	add("cell", c.Cell...)
	add("exclude", c.Exclude...)
	add("system", c.System...)
	add("base", c.Base)
	add("eval-memory", c.EvalMem)
	add("stall", c.Stall)
	add("timeout", c.Timeout)
	add("deadline", c.Deadline)
	add("json", c.JSON)
	add("junit", c.JUnit)
	add("markdown", c.Markdown)
	add("html", c.HTML)
	add("trace", c.Trace)
	add("artifacts", c.Artifacts)
	add("progress", c.Progress)
	add("color", c.Color)
	add("vm", c.VM.hosts()...)
	add("accel", c.VM.Accel)
	for flag, b := range map[string]*bool{"changed-only": c.Changed, "eval-only": c.EvalOnly, "fail-fast": c.FailFast} {
		if b != nil {
			add(flag, strconv.FormatBool(*b))
		}
	}
	for flag, n := range map[string]*int{"jobs": c.Jobs, "eval-jobs": c.EvalJobs, "retries": c.Retries} {
		if n != nil {
			add(flag, strconv.Itoa(*n))
		}
	}
	return list
}

// Settings of Nix that a repository may choose: limits, and what is said. Most
// others decide who is trusted with what, or name programs to run, so what is not
// known to be harmless is left to whoever starts flakeci.
var harmless = []string{
	"allow-import-from-derivation", "connect-timeout", "cores", "download-attempts", "fallback",
	"http-connections", "keep-going", "log-lines", "max-build-log-size", "max-call-depth", "max-jobs",
	"max-silent-time", "max-substitution-jobs", "show-trace", "stalled-download-timeout", "timeout", "warn-dirty",
}

// settingOf writes the value of one of Nix's settings as Nix reads it.
func settingOf(name string, value any) (string, error) {
	if !slices.Contains(harmless, name) {
		return "", errors.New("is not for a file of the repository to set; give it with --option")
	}
	switch value := value.(type) {
	case string, bool, int64:
		return fmt.Sprint(value), nil
	}
	return "", errors.New("takes a string, a number, true or false")
}

// besides reads a relative folder in the file as one beside the file, from
// wherever flakeci is started. Anything else is left to Nix.
func besides(file, ref string) string {
	dir, scheme := ref, ""
	if rest, ok := strings.CutPrefix(ref, "path:"); ok {
		dir, scheme = rest, "path:"
	}
	if filepath.IsAbs(dir) {
		return ref
	}
	joined := filepath.Join(filepath.Dir(file), dir)
	if st, err := os.Stat(joined); err != nil || !st.IsDir() {
		return ref
	}
	return scheme + joined
}
