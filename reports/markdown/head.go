package markdown

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// verdict is the run's, as one of the words for it.
func (m *document) verdict() result.Verdict {
	verdict := cmp.Or(m.Verdict, result.VerdictOf(m.Cells, m.Report.Causes, false))
	if !slices.Contains([]result.Verdict{result.VerdictPassed, result.VerdictFailed, result.VerdictCanceled}, verdict) {
		return result.VerdictError // also a verdict of a newer flakeci
	}
	return verdict
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

// labelEmoji is how a mark's sign looks where there are colours only in pictures. None
// has a variation selector, of which no two programs make the same.
func labelEmoji(m view.Label) string {
	switch {
	case m.Sign == view.SignPassed && m.Tone == view.Warn:
		return "🔁"
	case m.Sign == view.SignSkipped && m.Tone == view.Warn:
		return "🚫"
	}
	return emoji(m.Sign)
}

func emoji(sign string) string {
	return cmp.Or(map[string]string{
		view.SignPassed: "✅", view.SignFailed: "❌", view.SignError: "❗", view.SignSame: "✅", view.SignPartial: "🟡", view.SignSkipped: "➖",
	}[sign], sign)
}

// head appends the verdict, how many cells ended how, and what they were compared
// with.
func (m *document) head() {
	verdict, n := m.verdict(), view.CountCells(m.Cells)
	m.block("### " + verdictSign(verdict) + " " + prose(m.headline(verdict, n)))
	var facts []string
	if verdict != result.VerdictPassed && n.All > 0 {
		facts = append(facts, view.Count(n.All, "cell")+": "+n.String())
	}
	switch base := m.index.Base; {
	case base != nil && view.BaseText(base) != "":
		facts = append(facts, "compared with "+view.BaseText(base))
	case m.Base != nil:
		facts = append(facts, "not compared with "+view.BaseName(m.Base)+": "+m.Base.Missing)
	}
	for _, how := range view.SlowBoots(m.Cells) {
		facts = append(facts, "booted "+how)
	}
	// Whoever reads this may not have seen what else the flake has, least of all what
	// the pull request itself leaves out in flakeci.toml.
	if left := view.NotTestedText(m.Report); left != "" {
		facts = append(facts, "not tested: "+left)
	}
	if len(facts) > 0 {
		m.block(strings.Join(view.Map(facts, func(fact string) string { return prose(view.Fit(fact, m.most.title)) }), " · "))
	}
}

// headline is the verdict in a line. With a base, it is first of all what is new.
func (m *document) headline(verdict result.Verdict, n view.Counts) string {
	if m.index.Base == nil || verdict != result.VerdictFailed && verdict != result.VerdictError || n.New+n.AlreadyBroken+n.Fixed == 0 {
		return string(verdict) + ": " + strings.SplitN(view.Summary(m.Report), ": ", 2)[1]
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	add(n.New, view.Count(n.New, "new failure"))
	add(n.AlreadyBroken, fmt.Sprintf("%d already broken at %s", n.AlreadyBroken, view.BaseName(m.index.Base)))
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

// foot is what the text ends with: what was looked at with what, and what is not
// there for want of room.
func (m *document) foot(shorter []string) string {
	run := ""
	if m.options.RunURL != "" {
		run = "[the run](" + m.options.RunURL + ")"
	}
	var b strings.Builder
	if len(shorter) > 0 {
		b.WriteString("**Shortened to fit:** " + strings.Join(shorter, ", ") + ". The whole is among the reports of " + cmp.Or(run, "the run") + ".\n\n")
	}
	facts := []string{prose("flakeci " + view.Fit(m.Tool.Version, 40))}
	if m.Nix.Version != "" {
		facts = append(facts, prose("nix "+view.Fit(m.Nix.Version, 40)))
	}
	if flake := cmp.Or(m.Flake.Ref, m.Flake.Locked); flake != "" {
		facts = append(facts, prose(view.Fit(flake, min(m.most.title, 120))+view.Revision(m.Flake)))
	}
	if m.Duration > 0 {
		facts = append(facts, prose(view.Seconds(m.Duration)))
	}
	if run != "" {
		facts = append(facts, run)
	}
	b.WriteString("<sub>" + strings.Join(facts, " · ") + "</sub>\n")
	return b.String()
}
