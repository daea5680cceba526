package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// TableOptions says how the terminal form is to look. The zero value is plain
// text of any width.
type TableOptions struct {
	Color bool // use colours
	Width int  // columns of the terminal; 0 means that there is no limit
}

// WriteTable writes the report for a terminal: what was looked at, the grid of
// hosts and users, further kinds of cells, the causes of what did not pass, what was
// not tested, and the verdict as the last line. Nothing in the report can act as an escape
// sequence or as a command to GitHub's runner.
func WriteTable(w io.Writer, r result.Report, o TableOptions) error {
	r = terminal().report(r)
	p := &page{options: o}
	p.head(r)
	x, s := newIndex(r), newSheet(r)
	p.gap()
	if err := p.grid(s, x); err != nil {
		return fmt.Errorf("lay out the grid: %w", err)
	}
	if err := p.others(s.others); err != nil {
		return fmt.Errorf("lay out the counts: %w", err)
	}
	p.remarks(r, marker{index: x})
	p.changes(r)
	p.causes(r, x)
	p.gap()
	switch left := notTested(r); {
	case left == "":
	case p.room(0) == 0:
		p.add("not tested: " + left) // whole, for who looks for the line
	default:
		p.hang("not tested: " + left)
	}
	p.verdict(r)
	return p.writeTo(w)
}

// terminal is the washer for terminals. A line of 500 characters is five lines
// of a wide terminal; the whole is in the log that the report points to.
func terminal() washer {
	return washer{text: clean.Text, width: 500, lines: 60}
}

// head appends what was looked at, with what, and for how long.
func (p *page) head(r result.Report) {
	facts := []string{p.in(strong, "flakeci") + "  " + cmp.Or(r.Flake.Ref, r.Flake.Locked, "?") + revision(r.Flake)}
	if r.Nix.Version != "" {
		facts = append(facts, "nix "+r.Nix.Version)
	}
	facts = append(facts, inventory(r.Cells))
	if r.Duration > 0 {
		facts = append(facts, HumanSeconds(r.Duration))
	}
	line := facts[0]
	for _, fact := range facts[1:] {
		if next := line + "   " + fact; p.room(0) == 0 || widthOf(next) <= p.room(0) {
			line = next
			continue
		}
		p.add(line)
		line = "         " + fact
	}
	p.add(line)
	for _, how := range slow(r.Cells) {
		p.hang("booted " + how)
	}
}

// slow lists in what ways machines were booted other than with the processor
// itself, and why.
func slow(cells []result.Cell) []string {
	var hows []string
	for _, c := range cells {
		for _, phase := range c.Phases {
			// Of a machine that failed, what went wrong comes first.
			_, why, found := strings.Cut("; "+phase.Message, "; with tcg")
			if how := "with tcg" + why; c.Kind == "vm" && found && !slices.Contains(hows, how) {
				hows = append(hows, how)
			}
		}
	}
	return hows
}

// revision names a git revision as git itself does in short.
func revision(f result.Flake) string {
	text := ""
	if rev := []rune(f.Rev); len(rev) > 0 {
		text = "  rev " + string(rev[:min(7, len(rev))])
	}
	if f.Dirty {
		text += " (dirty)"
	}
	return text
}

// inventory counts cells, with virtual machines apart.
func inventory(cells []result.Cell) string {
	cells = slices.DeleteFunc(slices.Clone(cells), result.Cell.Removed)
	vms := 0
	for _, c := range cells {
		if c.Kind == "vm" {
			vms++
		}
	}
	switch {
	case vms == 0:
		return count(len(cells), "cell")
	case vms == len(cells):
		return count(vms, "vm")
	}
	return count(len(cells)-vms, "cell") + ", " + count(vms, "vm")
}

// verdict appends the last line.
func (p *page) verdict(r result.Report) {
	line := summary(r)
	word, rest, _ := strings.Cut(line, ":")
	t := warn
	switch result.Verdict(word) {
	case result.VerdictPassed:
		t = good
	case result.VerdictFailed:
		t = bad
	}
	p.add(p.in(t, word+":") + rest)
}
