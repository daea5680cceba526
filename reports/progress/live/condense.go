package live

import (
	"fmt"
	"slices"
	"strings"
)

// condense drops rows until the others fit: first those that passed, then those not yet
// begun, then the last ones. One line counts the dropped rows.
func condense(rows []gridRow, lines int) (kept []gridRow, rest string) {
	if len(rows) <= lines {
		return rows, ""
	}
	over := len(rows) - max(lines-1, 0)
	var gone [running + 1]int
	kept = slices.Clone(rows)
	drop := func(s state) {
		kept = slices.DeleteFunc(kept, func(r gridRow) bool {
			if r.state != s || over == 0 {
				return false
			}
			over--
			gone[s]++
			return true
		})
	}
	drop(passed)
	slices.Reverse(kept) // the first of the waiting ones begin next
	for _, s := range []state{waiting, failed, running} {
		drop(s)
	}
	slices.Reverse(kept)
	var words []string
	unit := " hosts"
	for _, w := range []struct {
		s    state
		what string
	}{{passed, "passed"}, {failed, "failed"}, {running, "running"}, {waiting, "waiting"}} {
		if n := gone[w.s]; n > 0 {
			words = append(words, fmt.Sprintf("%d%s %s", n, unit, w.what))
			unit = ""
		}
	}
	return kept, "… and " + strings.Join(words, ", ")
}
