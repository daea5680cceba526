package closure

import (
	"regexp"
	"strings"
)

// ParseName splits a name like builtins.parseDrvName: the version follows the first dash without
// a letter after it.
func ParseName(s string) (name, version string) {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '-' && !isLetter(s[i+1]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

var (
	// Like `nix store diff-closures`, this takes a word at the end for the name of an
	// output. It may also be a part of the version such as "unstable".
	outputRE = regexp.MustCompile(`^(.*)-([a-z]+|lib32|lib64)$`)
	// Without a version, a word at the end is more often part of the name, as in system-path. So
	// only outputs that are common in nixpkgs count.
	usualOutputRE = regexp.MustCompile(`^(.+)-(bin|debug|dev|devdoc|devman|dist|doc|info|lib|lib32|lib64|man|out|static)$`)

	// NixOS makes other files for a unit: scripts, such as unit-script-sshd-pre-start, and files
	// whose change restarts it.
	unitScriptRE  = regexp.MustCompile(`^unit-script-(.+?)-(pre-start|start|post-start|reload|pre-stop|stop|post-stop)$`)
	unitTriggerRE = regexp.MustCompile(`^X-(?:Restart|Reload)-Triggers-(.+)$`)
)

// parsePath returns the package of a store path and its version, which may be empty.
//
// A systemd unit has no version, though ".service" in unit-getty-.service looks like one. The
// files that NixOS makes for a unit belong to it, so that a new unit is one change.
func parsePath(path string) (name, version string) {
	full := path[strings.LastIndexByte(path, '/')+1:]
	if _, rest, ok := strings.Cut(full, "-"); ok {
		full = rest
	}
	for _, re := range []*regexp.Regexp{unitScriptRE, unitTriggerRE} {
		if m := re.FindStringSubmatch(full); m != nil {
			return "unit-" + m[1] + ".service", ""
		}
	}
	if strings.HasPrefix(full, "unit-") {
		return full, ""
	}
	if m := outputRE.FindStringSubmatch(full); m != nil {
		if name, version := ParseName(m[1]); name != "" && version != "" {
			return name, version
		}
	}
	if name, version := ParseName(full); name != "" && version != "" {
		return name, version
	}
	if m := usualOutputRE.FindStringSubmatch(full); m != nil {
		full = m[1]
	}
	return full, ""
}
