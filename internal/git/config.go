package git

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// keptKeys are the settings of a repository that say how to read it. All others stay with it:
// some hold credentials (actions/checkout writes its token there) and some name programs.
var keptKeys = []string{
	"core.repositoryformatversion", "core.filemode", "core.bare", "core.symlinks", "core.ignorecase", "core.precomposeunicode",
	"core.worktree", "core.sparsecheckout", "core.sparsecheckoutcone", "core.autocrlf", "core.eol",
}

// kept reports whether a setting goes with a copy of the repository. Its name has the first and
// last part in lower case.
func kept(name string) bool {
	section, rest, found := strings.Cut(name, ".")
	if !found {
		return false // git has no such name
	}
	key := rest[strings.LastIndexByte(rest, '.')+1:]
	switch section {
	case "extensions":
		return key != "partialclone" // it has to ask its remote for objects
	case "remote":
		return key == "url" || key == "fetch"
	case "submodule":
		return key == "url" || key == "active"
	}
	return slices.Contains(keptKeys, name)
}

// ConfigFile returns the file of a repository's configuration without credentials and programs.
func ConfigFile(ctx context.Context, path string, env []string) ([]byte, error) {
	list, err := run(ctx, append(Environment(env), "LC_ALL=C"), askLimit, "config", "--null", "--no-includes", "--list", "--file", path)
	if err != nil {
		return nil, err
	}
	return copyOf(list), nil
}

// copyOf returns the file with the settings of a list that may go along. Each is a name, a line
// break and a value, and ends with a zero byte.
func copyOf(list string) []byte {
	var out strings.Builder
	for setting := range strings.SplitSeq(list, "\x00") {
		name, value, given := strings.Cut(setting, "\n")
		if name == "" || !kept(name) {
			continue
		}
		first, last := strings.IndexByte(name, '.'), strings.LastIndexByte(name, '.')
		out.WriteString("[" + name[:first])
		if first < last {
			out.WriteString(" " + quote(name[first+1:last]))
		}
		out.WriteString("]\n\t" + name[last+1:])
		if given {
			out.WriteString(" = " + quote(withoutUser(value)))
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

// quote writes a value as git's configuration reads it.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(value) + `"`
}

// withoutUser removes the user and password from a URL, but keeps a user without a password for
// anything but HTTP, where the user may be a token.
func withoutUser(value string) string {
	u, err := url.Parse(value)
	if err != nil { // git takes passwords that Go does not, such as one with a percent sign
		if scheme, rest, found := strings.Cut(value, "://"); found {
			return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
		}
		return value
	}
	if _, password := u.User.Password(); !password && u.Scheme != "http" && u.Scheme != "https" || u.User == nil {
		return value
	}
	u.User = nil
	return u.String()
}
