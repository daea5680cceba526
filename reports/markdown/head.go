package markdown

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// verdict returns the verdict of the run, always one of the known ones.
func (d *document) verdict() result.Verdict {
	if !slices.Contains([]result.Verdict{result.VerdictPassed, result.VerdictFailed, result.VerdictCanceled}, d.Verdict) {
		return result.VerdictError // including a verdict of a newer flakeci
	}
	return d.Verdict
}

func verdictSign(v result.Verdict) string {
	switch v {
	case result.VerdictPassed:
		return "✅"
	case result.VerdictFailed:
		return "❌"
	case result.VerdictCanceled:
		return "🚫"
	}
	return "❗"
}

// labelEmoji returns the emoji for a label, which has the color that markdown lacks. None has a
// variation selector, which every program shows differently.
func labelEmoji(label view.Label) string {
	switch {
	case label.Sign == view.SignPassed && label.Tone == view.Warn:
		return "🔁"
	case label.Sign == view.SignSkipped && label.Tone == view.Warn:
		return "🚫"
	}
	return emoji(label.Sign)
}

func emoji(sign string) string {
	return cmp.Or(map[string]string{
		view.SignPassed: "✅", view.SignFailed: "❌", view.SignError: "❗", view.SignSame: "✅", view.SignPartial: "🟡", view.SignSkipped: "➖",
	}[sign], sign)
}

// head appends the verdict, the counts of cells, and the base.
func (d *document) head() {
	verdict, n := d.verdict(), view.CountCells(d.Cells)
	d.block("### " + verdictSign(verdict) + " " + prose(d.headline(verdict, n)))
	var facts []string
	if verdict != result.VerdictPassed && n.All > 0 {
		facts = append(facts, view.Count(n.All, "cell")+": "+n.String())
	}
	switch base := d.index.Base; {
	case base != nil && view.BaseText(base) != "":
		facts = append(facts, "compared with "+view.BaseText(base))
	case d.Base != nil:
		facts = append(facts, view.NotCompared(d.Base))
	}
	for _, how := range view.SlowBoots(d.Cells) {
		facts = append(facts, "booted "+how)
	}
	// Reviewers may not know what else the flake has, least of all what the pull request
	// itself leaves out in flakeci.toml.
	if left := view.NotTestedText(d.Report); left != "" {
		facts = append(facts, "not tested: "+left)
	}
	if len(facts) > 0 {
		d.block(strings.Join(view.Map(facts, func(fact string) string { return prose(view.Fit(fact, d.limits.title)) }), " · "))
	}
}

// headline sums up the verdict in one line. With a base, it begins with what is new.
func (d *document) headline(verdict result.Verdict, n view.Counts) string {
	if d.index.Base == nil || verdict != result.VerdictFailed && verdict != result.VerdictError || n.New+n.AlreadyBroken+n.Fixed == 0 {
		return string(verdict) + ": " + view.SummaryText(d.Report)
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	add(n.New, view.Count(n.New, "new failure"))
	add(n.AlreadyBroken, fmt.Sprintf("%d already broken at %s", n.AlreadyBroken, view.BaseName(d.index.Base)))
	add(n.Uncompared, fmt.Sprintf("%d failed and not compared", n.Uncompared))
	add(n.Errors, fmt.Sprintf("%d in error", n.Errors))
	add(n.Canceled, fmt.Sprintf("%d canceled", n.Canceled))
	add(n.Fixed, fmt.Sprintf("%d fixed", n.Fixed))
	text := string(verdict) + ": "
	if n.New+n.Uncompared == 0 {
		text += "nothing new, "
	}
	return text + strings.Join(parts, ", ")
}

// foot returns the end of the text: what was tested, with which tools, and what was
// shortened.
func (d *document) foot(shortened []string) string {
	run := ""
	if d.options.RunURL != "" {
		run = "[the run](" + d.options.RunURL + ")"
	}
	var b strings.Builder
	if len(shortened) > 0 {
		b.WriteString("**Shortened to fit:** " + strings.Join(shortened, ", ") + ". The full version is among the reports of " + cmp.Or(run, "the run") + ".\n\n")
	}
	facts := []string{prose("flakeci " + view.Fit(d.Tool.Version, 40))}
	if d.Nix.Version != "" {
		facts = append(facts, prose("nix "+view.Fit(d.Nix.Version, 40)))
	}
	if flake := cmp.Or(d.Flake.Ref, d.Flake.Locked); flake != "" {
		facts = append(facts, prose(view.Fit(flake, min(d.limits.title, 120))+view.Revision(d.Flake)))
	}
	if n := len(d.Machines); n > 1 {
		facts = append(facts, view.Count(n, "machine"))
	}
	if d.Duration > 0 {
		facts = append(facts, prose(view.FormatSeconds(d.Duration)))
	}
	if run != "" {
		facts = append(facts, run)
	}
	b.WriteString("<sub>" + strings.Join(facts, " · ") + "</sub>\n")
	return b.String()
}
