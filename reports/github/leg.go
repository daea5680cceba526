package github

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// leg tells apart the jobs of a matrix, to which GitHub gives the same name, run and attempt. An
// empty field is unknown.
type leg struct {
	of string // what was tested
	on string // the runner; several jobs of one attempt can only share one that is self-hosted
}

// legOf returns the leg that publishes a report. A merged report is of what the merged ones
// selected, whichever of them are there: an attempt may have reports that an earlier one lacked.
func legOf(r result.Report, shard, runner string) leg {
	var selections []string
	for _, m := range r.Machines {
		if m.Selection != "" && !slices.Contains(selections, m.Selection) {
			selections = append(selections, m.Selection)
		}
	}
	if len(selections) == 0 { // the flake could not be inspected, or the report is an old one
		return leg{on: digest(runner)}
	}
	slices.Sort(selections)
	return leg{of: digest(append(selections, shard)...), on: digest(runner)}
}

// digest identifies texts that are not for the public, such as the name of a machine. It is empty
// if they are.
func digest(texts ...string) string {
	text := strings.Join(texts, "\n")
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12]
}

// String returns the leg as one word.
func (l leg) String() string { return l.of + "." + l.on }

// parseLeg reads what String wrote.
func parseLeg(s string) leg {
	of, on, _ := strings.Cut(s, ".")
	return leg{of, on}
}

// other reports whether two texts of one workflow run are certainly of different legs. What a leg
// tests is the same in all its attempts, its runner is not.
func (l leg) other(than leg, sameAttempt bool) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(l.of, than.of) || sameAttempt && differ(l.on, than.on)
}

// errOtherLeg says that another leg of the same workflow run has written a text.
var errOtherLeg = errors.New("another job of this workflow run has written it already")

// ClashError says that another job of the same workflow run has published with the same key. What
// it wrote stays.
type ClashError struct {
	Key   string
	Texts []string // what was not written, such as comment
}

func (e *ClashError) Error() string {
	return fmt.Sprintf("another job of this workflow run has already written the %s %q", view.JoinAnd(e.Texts), e.Key)
}
