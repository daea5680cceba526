package reports

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// notTested says in one line what the run left out, grouped by the reason. It is empty
// if the run tested all there is.
func notTested(r result.Report) string {
	var whys []string
	left := map[string][]string{}
	for _, n := range r.NotTested {
		if left[n.Why] == nil {
			whys = append(whys, n.Why)
		}
		left[n.Why] = append(left[n.Why], leftOutText(n))
	}
	for i, why := range whys {
		whys[i] = strings.Join(left[why], ", ") + " (" + why + ")"
	}
	return strings.Join(whys, "; ")
}

// leftOutText are how many there are of what.
func leftOutText(n result.NotTested) string {
	noun := map[string]string{"devshell": "dev shell"}[n.Kind]
	if noun == "" {
		noun = n.Kind
	}
	countable := slices.Contains([]string{"home", "vm", "check", "package", "devshell", "formatter"}, n.Kind)
	switch {
	case n.Count <= 0 && countable:
		return noun + "s"
	case n.Count <= 0:
		return noun
	case countable:
		return count(n.Count, noun)
	}
	return list(share{n.Count, noun}) // "2 nixos" names hosts by their kind
}
