package nixlog

import (
	"regexp"
	"strings"
)

// Plan is what `nix build --dry-run` announces. If all lists are empty, everything is in
// the store.
type Plan struct {
	// Build lists the derivations that will be built, Fetch the paths that will be fetched.
	Build, Fetch []string
	// Unreachable lists the binary caches that Nix continues without, by scheme://host, with the
	// reason. Nix builds what they offer.
	Unreachable map[string]string
}

// PlanLog reads the log of a dry run. The zero value is an empty log.
type PlanLog struct {
	Plan Plan
	// Unknown lists paths that no derivation builds. In a dry run newer versions do not
	// treat that as an error.
	Unknown []string

	list *[]string // where indented paths go, by the last heading
}

// cacheInfoRE finds a failure to download the file that Nix first asks a binary cache for. Nix
// then continues without the cache, unless the message says that it will try again.
var cacheInfoRE = regexp.MustCompile(`/nix-cache-info': (?:[^;]|; [^r])*$`)

// Line reads one line.
func (l *PlanLog) Line(line []byte) {
	r, ok := parseRecord(line)
	if !ok || r.Action != "msg" {
		return
	}
	msg := stripSGR(r.Msg)
	if m := downloadRE.FindStringSubmatch(msg); m != nil && cacheInfoRE.MatchString(msg) {
		if l.Plan.Unreachable == nil {
			l.Plan.Unreachable = map[string]string{}
		}
		l.Plan.Unreachable[stripUser(m[1])] = strings.TrimSpace(m[2])
	}
	path, indented := strings.CutPrefix(msg, "  ")
	switch {
	case indented && l.list != nil && strings.HasPrefix(path, "/"):
		*l.list = append(*l.list, path)
	case strings.Contains(msg, "will be built"):
		l.list = &l.Plan.Build
	case strings.Contains(msg, "will be fetched"):
		l.list = &l.Plan.Fetch
	case strings.Contains(msg, "don't know how to build"):
		l.list = &l.Unknown
	default:
		l.list = nil
	}
}
