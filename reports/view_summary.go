package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// counts is how many cells ended how.
type counts struct {
	all, passed, failed, errors, canceled, skipped, unknown int

	built, cached, evaluated, unchanged int // of those passed
	booted, activated                   int // of all
	checks                              int // that passed in what was booted

	removed                        int // cells of the base that are no more, and not of all
	news, known, fixed, uncompared int // of all, compared with the base
}

// tally counts cells.
func tally(cells []result.Cell) counts {
	var n counts
	for _, c := range cells {
		if c.Removed() {
			n.removed++
			continue
		}
		n.all++
		n.compare(c)
		if c.PassedAt(result.PhaseBoot) {
			n.booted++
		}
		if c.PassedAt(result.PhaseActivate) {
			n.activated++
		}
		for _, p := range c.Phases {
			if p.Name.Kind == result.PhaseCheck && p.Status == result.Passed {
				n.checks++
			}
		}
		switch c.Status {
		case result.Passed:
			n.pass(c)
		case result.Failed, result.DependencyFailed, result.TimedOut:
			n.failed++
		case result.Canceled:
			n.canceled++
		case result.Skipped:
			n.skipped++
		case "":
			n.unknown++
		default:
			n.errors++
		}
	}
	return n
}

// compare counts a cell by how it ended compared with the base.
func (n *counts) compare(c result.Cell) {
	switch outcome := c.Outcome(); {
	case outcome == result.NewFailure:
		n.news++
	case outcome == result.AlreadyBroken:
		n.known++
	case outcome == result.Fixed:
		n.fixed++
	case c.Status.BlamesFlake():
		n.uncompared++
	}
}

func (n *counts) pass(c result.Cell) {
	n.passed++
	switch c.How {
	case result.Cached:
		n.cached++
	case result.Evaluated:
		n.evaluated++
	case result.Unchanged:
		n.unchanged++
	default:
		n.built++
	}
}

// words lists what there is, worst first, with those only evaluated apart.
func (n counts) words() string {
	return list(
		share{n.failed, "failed"}, share{n.errors, "in error"}, share{n.canceled, "canceled"},
		share{n.passed - n.evaluated, "passed"}, share{n.evaluated, "only evaluated"},
		share{n.skipped, "skipped"}, share{n.unknown, "without a result"}, share{n.removed, "removed"})
}

// hows lists in which ways cells passed.
func (n counts) hows() string {
	return list(
		share{n.built, "built"}, share{n.cached, "cached"},
		share{n.unchanged, "unchanged"}, share{n.evaluated, "only evaluated"})
}

// share is a number and what it is of.
type share struct {
	n    int
	what string
}

func list(parts ...share) string {
	var words []string
	for _, p := range parts {
		if p.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(words, ", ")
}

// summary is the line that a run ends with.
func summary(r result.Report) string {
	verdict, n := cmp.Or(r.Verdict, result.VerdictOf(r.Cells, r.Causes, false)), tally(r.Cells)
	text := string(verdict) + ": " + outcome(verdict, n, len(r.Causes))
	if against := n.against(r.Base); against != "" {
		rest, open := strings.CutSuffix(text, ")")
		if text = rest + "; "; !open {
			text = rest + " ("
		}
		text += against + ")"
	}
	return text
}

func outcome(verdict result.Verdict, n counts, causes int) string {
	cells := count(n.all, "cell")
	switch {
	case n.all == 0 && causes == 0:
		return "no cells"
	case n.all == 0:
		return count(causes, "cause") + ", no cells"
	case verdict == result.VerdictPassed:
		return passedOutcome(n, cells)
	}
	stopped := list(share{n.failed, "failed"}, share{n.errors, "in error"}, share{n.canceled, "canceled"})
	if verdict == result.VerdictCanceled {
		return fmt.Sprintf("%d of %s done%s", n.all-n.canceled-n.unknown, cells,
			after(", ", list(share{n.failed, "failed"}, share{n.errors, "in error"})))
	}
	text := fmt.Sprintf("%d of %s", n.failed+n.errors+n.canceled, cells)
	if n.failed > 0 && n.errors+n.canceled > 0 || verdict == result.VerdictFailed && n.failed == 0 {
		text += after(" (", stopped) + ")"
	}
	if causes > 0 {
		text = count(causes, "cause") + ", " + text
	}
	return text
}

func passedOutcome(n counts, cells string) string {
	text := cells
	if n.passed < n.all {
		text = fmt.Sprintf("%d of %s", n.passed, cells)
	}
	if hows := n.hows(); hows != "" {
		text += " (" + hows + ")"
	}
	_, checks, _ := strings.Cut(count(n.checks, "check"), " ")
	return text + after(", ", list(
		share{n.booted, "booted"}, share{n.checks, checks + " held"},
		share{n.activated, "activated"}, share{n.skipped, "skipped"}))
}

// against counts the failures that are new and those that are not; it is empty
// where nothing failed and nothing was mended.
func (n counts) against(b *result.Base) string {
	if b == nil || b.Missing != "" || n.news+n.known+n.fixed == 0 {
		return ""
	}
	var words []string
	for _, s := range []share{
		{n.news, "new"}, {n.known, "already broken at " + baseName(b)}, {n.fixed, "fixed"}, {n.uncompared, "not compared"},
	} {
		if s.n > 0 {
			words = append(words, fmt.Sprintf("%s: %d", s.what, s.n))
		}
	}
	return strings.Join(words, ", ")
}

// PlainSummary is the line that a run ends with, as plain text.
func PlainSummary(r result.Report) string { return summary(terminal().report(r)) }

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
