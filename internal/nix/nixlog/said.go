package nixlog

import (
	"regexp"
	"slices"
	"strings"
)

// said holds the last lines printed by programs that Nix starts and that write no records: git,
// ssh and hg.
type said []string

const maxSaid = 20

var saidRE = regexp.MustCompile(`^(?:fatal|ssh|error|abort|remote|kex_[a-z_]+): |^Host key verification failed|: Permission denied \(|^Connection (?:timed out|to \S+ port \d+ timed out|(?:reset|closed) by)|^Timeout, server |` + noNixPattern)

// couldNotRead follows ssh's own message and adds nothing to it.
const couldNotRead = "fatal: Could not read from remote repository."

// plain reads a line that is not a record.
func (s *said) plain(line []byte) {
	if len(line) > tailLineBytes {
		return
	}
	text := stripUser(strings.TrimSpace(stripSGR(string(line))))
	if !saidRE.MatchString(text) || text == couldNotRead || slices.Contains(*s, text) {
		return
	}
	*s = append(*s, text)
	*s = slices.Delete(*s, 0, max(0, len(*s)-maxSaid))
}

// reason returns what went wrong, without the name of the program that says so: the first line
// that does not come from the server, if there is one.
func (s said) reason() string {
	if len(s) == 0 {
		return ""
	}
	own := slices.IndexFunc(s, func(line string) bool { return !strings.HasPrefix(line, "remote: ") })
	line := s[max(own, 0)]
	if _, rest, found := strings.Cut(line, ": "); found {
		return rest
	}
	return line
}
