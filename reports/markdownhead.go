package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// verdict is the run's, as one of the words for it.
func (m *markdown) verdict() result.Verdict {
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
func labelEmoji(m mark) string {
	switch {
	case m.sign == signPassed && m.tone == warn:
		return "🔁"
	case m.sign == signSkipped && m.tone == warn:
		return "🚫"
	}
	return emoji(m.sign)
}

func emoji(sign string) string {
	return cmp.Or(map[string]string{
		signPassed: "✅", signFailed: "❌", signError: "❗", signSame: "✅", signPartial: "🟡", signSkipped: "➖",
	}[sign], sign)
}

// head appends the verdict, how many cells ended how, and what they were compared
// with.
func (m *markdown) head() {
	verdict, n := m.verdict(), tally(m.Cells)
	m.block("### " + verdictSign(verdict) + " " + prose(m.headline(verdict, n)))
	var facts []string
	if verdict != result.VerdictPassed && n.all > 0 {
		facts = append(facts, count(n.all, "cell")+": "+n.words())
	}
	switch base := m.index.base; {
	case base != nil && baseLabel(base) != "":
		facts = append(facts, "compared with "+baseLabel(base))
	case m.Base != nil:
		facts = append(facts, "not compared with "+baseName(m.Base)+": "+m.Base.Missing)
	}
	for _, how := range slow(m.Cells) {
		facts = append(facts, "booted "+how)
	}
	// Whoever reads this may not have seen what else the flake has, least of all what
	// the pull request itself leaves out in flakeci.toml.
	if left := notTested(m.Report); left != "" {
		facts = append(facts, "not tested: "+left)
	}
	if len(facts) > 0 {
		m.block(strings.Join(each(facts, func(fact string) string { return prose(fit(fact, m.most.title)) }), " · "))
	}
}

// headline is the verdict in a line. With a base, it is first of all what is new.
func (m *markdown) headline(verdict result.Verdict, n counts) string {
	if m.index.base == nil || verdict != result.VerdictFailed && verdict != result.VerdictError || n.news+n.known+n.fixed == 0 {
		return string(verdict) + ": " + strings.SplitN(summary(m.Report), ": ", 2)[1]
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	add(n.news, count(n.news, "new failure"))
	add(n.known, fmt.Sprintf("%d already broken at %s", n.known, baseName(m.index.base)))
	add(n.uncompared, fmt.Sprintf("%d failed and not compared", n.uncompared))
	add(n.errors, fmt.Sprintf("%d in error", n.errors))
	add(n.canceled, fmt.Sprintf("%d canceled", n.canceled))
	add(n.fixed, fmt.Sprintf("%d fixed", n.fixed))
	text := string(verdict) + ": "
	if n.news+n.uncompared == 0 {
		text += "nothing new, "
	}
	return text + strings.Join(parts, ", ")
}

// foot is what the text ends with: what was looked at with what, and what is not
// there for want of room.
func (m *markdown) foot(shorter []string) string {
	run := ""
	if m.options.RunURL != "" {
		run = "[the run](" + m.options.RunURL + ")"
	}
	var b strings.Builder
	if len(shorter) > 0 {
		b.WriteString("**Shortened to fit:** " + strings.Join(shorter, ", ") + ". The whole is among the reports of " + cmp.Or(run, "the run") + ".\n\n")
	}
	facts := []string{prose("flakeci " + fit(m.Tool.Version, 40))}
	if m.Nix.Version != "" {
		facts = append(facts, prose("nix "+fit(m.Nix.Version, 40)))
	}
	if flake := cmp.Or(m.Flake.Ref, m.Flake.Locked); flake != "" {
		facts = append(facts, prose(fit(flake, min(m.most.title, 120))+revision(m.Flake)))
	}
	if m.Duration > 0 {
		facts = append(facts, prose(HumanSeconds(m.Duration)))
	}
	if run != "" {
		facts = append(facts, run)
	}
	b.WriteString("<sub>" + strings.Join(facts, " · ") + "</sub>\n")
	return b.String()
}
