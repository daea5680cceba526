package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Counts is how many cells ended how.
type Counts struct {
	All, Passed, Failed, Errors, Canceled, Skipped, unknown int

	built, cached, evaluated, unchanged int // of those passed
	booted, activated                   int // of all
	checks                              int // that passed in what was booted

	Removed                               int // cells of the base that are no more, and not of all
	New, AlreadyBroken, Fixed, Uncompared int // of all, compared with the base
}

// CountCells counts cells.
func CountCells(cells []result.Cell) Counts {
	var n Counts
	for _, c := range cells {
		if c.Removed() {
			n.Removed++
			continue
		}
		n.All++
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
			n.Failed++
		case result.Canceled:
			n.Canceled++
		case result.Skipped:
			n.Skipped++
		case "":
			n.unknown++
		default:
			n.Errors++
		}
	}
	return n
}

// compare counts a cell by how it ended compared with the base.
func (n *Counts) compare(c result.Cell) {
	switch outcome := c.Outcome(); {
	case outcome == result.NewFailure:
		n.New++
	case outcome == result.AlreadyBroken:
		n.AlreadyBroken++
	case outcome == result.Fixed:
		n.Fixed++
	case c.Status.BlamesFlake():
		n.Uncompared++
	}
}

func (n *Counts) pass(c result.Cell) {
	n.Passed++
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

// String lists what there is, worst first, with those only evaluated apart.
func (n Counts) String() string {
	return list(
		part{n.Failed, "failed"}, part{n.Errors, "in error"}, part{n.Canceled, "canceled"},
		part{n.Passed - n.evaluated, "passed"}, part{n.evaluated, "only evaluated"},
		part{n.Skipped, "skipped"}, part{n.unknown, "without a result"}, part{n.Removed, "removed"})
}

// hows lists in which ways cells passed.
func (n Counts) hows() string {
	return list(
		part{n.built, "built"}, part{n.cached, "cached"},
		part{n.unchanged, "unchanged"}, part{n.evaluated, "only evaluated"})
}

// part is a number and what it is of.
type part struct {
	n    int
	what string
}

func list(parts ...part) string {
	var words []string
	for _, p := range parts {
		if p.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(words, ", ")
}

// Summary is the line that a run ends with.
func Summary(r result.Report) string {
	verdict, n := cmp.Or(r.Verdict, result.VerdictOf(r.Cells, r.Causes, false)), CountCells(r.Cells)
	text := string(verdict) + ": " + OutcomeText(verdict, n, len(r.Causes))
	if against := n.against(r.Base); against != "" {
		rest, open := strings.CutSuffix(text, ")")
		if text = rest + "; "; !open {
			text = rest + " ("
		}
		text += against + ")"
	}
	return text
}

func OutcomeText(verdict result.Verdict, n Counts, causes int) string {
	cells := Count(n.All, "cell")
	switch {
	case n.All == 0 && causes == 0:
		return "no cells"
	case n.All == 0:
		return Count(causes, "cause") + ", no cells"
	case verdict == result.VerdictPassed:
		return passedOutcome(n, cells)
	}
	stopped := list(part{n.Failed, "failed"}, part{n.Errors, "in error"}, part{n.Canceled, "canceled"})
	if verdict == result.VerdictCanceled {
		return fmt.Sprintf("%d of %s done%s", n.All-n.Canceled-n.unknown, cells,
			Prefix(", ", list(part{n.Failed, "failed"}, part{n.Errors, "in error"})))
	}
	text := fmt.Sprintf("%d of %s", n.Failed+n.Errors+n.Canceled, cells)
	if n.Failed > 0 && n.Errors+n.Canceled > 0 || verdict == result.VerdictFailed && n.Failed == 0 {
		text += Prefix(" (", stopped) + ")"
	}
	if causes > 0 {
		text = Count(causes, "cause") + ", " + text
	}
	return text
}

func passedOutcome(n Counts, cells string) string {
	text := cells
	if n.Passed < n.All {
		text = fmt.Sprintf("%d of %s", n.Passed, cells)
	}
	if hows := n.hows(); hows != "" {
		text += " (" + hows + ")"
	}
	_, checks, _ := strings.Cut(Count(n.checks, "check"), " ")
	return text + Prefix(", ", list(
		part{n.booted, "booted"}, part{n.checks, checks + " held"},
		part{n.activated, "activated"}, part{n.Skipped, "skipped"}))
}

// against counts the failures that are new and those that are not; it is empty
// where nothing failed and nothing was mended.
func (n Counts) against(b *result.Base) string {
	if b == nil || b.Missing != "" || n.New+n.AlreadyBroken+n.Fixed == 0 {
		return ""
	}
	var words []string
	for _, s := range []part{
		{n.New, "new"}, {n.AlreadyBroken, "already broken at " + BaseName(b)}, {n.Fixed, "fixed"}, {n.Uncompared, "not compared"},
	} {
		if s.n > 0 {
			words = append(words, fmt.Sprintf("%s: %d", s.what, s.n))
		}
	}
	return strings.Join(words, ", ")
}

// PlainSummary is the line that a run ends with, as plain text.
func PlainSummary(r result.Report) string { return Summary(Terminal().Report(r)) }

// NotTested says in one line what the run left out, grouped by the reason. It is empty
// if the run tested all there is.
func NotTested(r result.Report) string {
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
		return Count(n.Count, noun)
	}
	return list(part{n.Count, noun}) // "2 nixos" names hosts by their kind
}
