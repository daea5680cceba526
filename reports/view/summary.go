package view

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/result"
)

// Summary returns the line that a run ends with.
func Summary(r result.Report) string { return string(r.Verdict) + ": " + SummaryText(r) }

// SummaryText returns the [Summary] without the verdict.
func SummaryText(r result.Report) string {
	n := CountCells(r.Cells)
	text := OutcomeText(r.Verdict, n, len(r.Causes))
	if against := n.against(r.Base); against != "" {
		rest, open := strings.CutSuffix(text, ")")
		if text = rest + "; "; !open {
			text = rest + " ("
		}
		text += against + ")"
	}
	return text
}

// OutcomeText sums up how the cells ended, without the verdict.
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
	if verdict == result.VerdictCanceled {
		return fmt.Sprintf("%d of %s done%s", n.All-n.Canceled-n.unknown, cells,
			WithPrefix(", ", joinCounts(count{n.Failed, "failed"}, count{n.Errors, "in error"})))
	}
	text := fmt.Sprintf("%d of %s", n.Failed+n.Errors+n.Canceled, cells)
	if n.Failed > 0 && n.Errors+n.Canceled > 0 || verdict == result.VerdictFailed && n.Failed == 0 {
		text += InParentheses(joinCounts(count{n.Failed, "failed"}, count{n.Errors, "in error"}, count{n.Canceled, "canceled"}))
	}
	if causes > 0 {
		text = Count(causes, "cause") + ", " + text
	}
	return text
}

// passedOutcome sums up a run that passed.
func passedOutcome(n Counts, cells string) string {
	text := cells
	if n.Passed < n.All {
		text = fmt.Sprintf("%d of %s", n.Passed, cells)
	}
	return text + InParentheses(n.hows()) + WithPrefix(", ", joinCounts(
		count{n.booted, "booted"}, count{n.checks, english.PluralWord(n.checks, "check", "") + " passed"},
		count{n.activated, "activated"}, count{n.Skipped, "skipped"}))
}

// against compares the failures with the base. It is empty if nothing failed or was fixed.
func (n Counts) against(b *result.Base) string {
	if b == nil || b.Missing != "" || n.New+n.AlreadyBroken+n.Fixed == 0 {
		return ""
	}
	var words []string
	for _, c := range []count{
		{n.New, "new"}, {n.AlreadyBroken, "already broken at " + BaseName(b)}, {n.Fixed, "fixed"}, {n.Uncompared, "not compared"},
	} {
		if c.n > 0 {
			words = append(words, fmt.Sprintf("%s: %d", c.what, c.n))
		}
	}
	return strings.Join(words, ", ")
}

// PlainSummary returns the [Summary] of a report that was not sanitized yet.
func PlainSummary(r result.Report) string { return Summary(Terminal().Report(r)) }
