package nixlog

import (
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// outputRE finds what Nix says about an output that it rejects after its builder succeeded. At
// most it names the output, never the derivation.
var outputRE = regexp.MustCompile(`is not allowed to refer|is too large at \d+ bytes|has an unsupported type|suspicious ownership or permission|` +
	`cycle detected in|illegal reference specifier|should be a non-executable regular file`)

var outputPathRE = regexp.MustCompile(`(?:^|output path|output|path|file|permission on) ['"](/[^'"\s]+)['"]`)

// madeOutput returns the derivation whose output an error is about, or "". Of those whose builder
// has not succeeded, it takes the only one with the output's name, or else the one that has just
// stopped. It ignores messages that Nix only relays, as a builder may have written them.
func (l *BuildLog) madeOutput(e buildError) string {
	var exact, longer []string
	if m := outputPathRE.FindStringSubmatch(e.text); m != nil {
		name := storepath.Name(m[1])
		for drv := range l.tails {
			switch made := storepath.Name(drv); {
			case name == made:
				exact = append(exact, drv)
			case strings.HasPrefix(name, made+"-"): // NAME-dev is the output dev of NAME
				longer = append(longer, drv)
			}
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0]
	case len(exact) == 0 && len(longer) == 1:
		return longer[0]
	case e.relayed:
		return ""
	}
	return l.unexplained
}

// assign gives an error that names no derivation to the derivation that stops next.
func (l *BuildLog) assign(drv string) {
	if l.unassigned == 0 {
		return
	}
	l.errors[l.unassigned-1].drv = drv
	l.unassigned = 0
}
