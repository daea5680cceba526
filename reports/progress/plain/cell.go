package plain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// block returns what to print about a finished cell: its line, and what happened where. The
// table at the end says the rest, so a cause that an earlier cell had is named after that cell.
// News are the causes that no earlier cell had.
func (p *Printer) block(r outcome.Result) (lines []string, news []*result.Cause) {
	lines = []string{headline(r)}
	for _, c := range r.Causes {
		first, known := p.shown[c]
		switch {
		case !known:
			p.shown[c] = r.Cell.ID
			news = append(news, c)
			where := ""
			if at := c.Location; at != nil && !strings.Contains(c.Title, at.String()) {
				where = " at " + at.String()
			}
			lines = append(lines, "  "+c.Title+where)
			if c.Log != "" {
				lines = append(lines, "  full log: "+c.Log)
			}
		case r.Status == result.DependencyFailed && c.DrvPath != "":
			// The cell's own line names what it needs.
		case !slices.Contains(lines, sameAs(first)):
			lines = append(lines, sameAs(first))
		}
	}
	return lines, news
}

func sameAs(id string) string { return "  for the same reason as " + id }

// log returns the end of a cause's log below a title, to fold where the log of the run may be
// all that is left of it. Lines are prefixed, so that none of them can begin a workflow command.
// The trace of an evaluation is not worth it: title and place say what is wrong.
func log(c *result.Cause) []string {
	tail := view.LastLines(c.LogTail, view.TailLines)
	if view.Traced(*c) || len(tail) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("  the log's last %s", view.Count(len(tail), "line"))}
	for _, l := range tail {
		lines = append(lines, "  | "+l)
	}
	return lines
}

// details returns what to fold below the line of a built cell: how long each phase took,
// its outputs, and the end of its own builder's log. It is empty where nothing folds.
func (p *Printer) details(r outcome.Result) []string {
	log := p.tails.of(r.DrvPath)
	if !p.options.Fold || r.Status != result.Passed || r.How != result.Built {
		return nil
	}
	var lines []string
	for _, phase := range r.Phases {
		lines = append(lines, fmt.Sprintf("  %s %s", phase.Name, view.FormatSeconds(phase.Duration)))
	}
	for _, output := range slices.Sorted(maps.Keys(r.OutPaths)) {
		lines = append(lines, "  "+output+" "+r.OutPaths[output])
	}
	for _, l := range log {
		lines = append(lines, "  | "+l)
	}
	return lines
}

// headline returns the line of a cell.
func headline(r outcome.Result) string {
	took := view.FormatSeconds(r.TotalSeconds())
	id := r.Cell.ID
	switch r.Status {
	case result.Passed:
		if r.How == result.Evaluated && r.Note != "" {
			return "~ " + id + " " + r.Note
		}
		last := r.Phases[len(r.Phases)-1]
		switch kind := last.Name.Kind; {
		case r.Cell.Kind == result.KindVM && kind != result.PhaseBuild && kind != result.PhaseEval:
			return fmt.Sprintf("✔ %s booted %s%s%s", id, took, passedChecks(r), inParentheses(r.Note))
		case kind == result.PhaseActivate && last.Status == result.Skipped:
			return fmt.Sprintf("- %s not activated%s", id, inParentheses(last.Message))
		case kind == result.PhaseActivate:
			return fmt.Sprintf("✔ %s activated in %s", id, cmp.Or(last.Name.Subject, r.Cell.Host))
		}
		mark := map[result.How]string{result.Built: "✔", result.Cached: "=", result.Unchanged: "=", result.Evaluated: "~"}[r.How]
		how := string(r.How)
		if on := view.BuiltFirst(last.Phase); on != "" {
			how += " on " + on
		}
		return fmt.Sprintf("%s %s %s %s%s", mark, id, how, took, inParentheses(r.Note))
	case result.Skipped:
		return fmt.Sprintf("- %s skipped%s", id, inParentheses(r.Note))
	case result.Canceled:
		return fmt.Sprintf("- %s canceled", id)
	case result.Error:
		return fmt.Sprintf("! %s error after %s", id, took)
	case result.DependencyFailed:
		return "✘ " + id + " " + blockers(r.Causes)
	case result.TimedOut:
		return fmt.Sprintf("✘ %s timed out after %s", id, took)
	}
	return fmt.Sprintf("✘ %s failed after %s", id, took)
}

// blockers names the first derivation that a cell needs and that failed, and counts the others.
func blockers(causes []*result.Cause) string {
	var names []string
	for _, c := range causes {
		if c.DrvPath != "" {
			names = append(names, storepath.Name(c.DrvPath))
		}
	}
	switch len(names) {
	case 0:
		return "blocked by a failure"
	case 1:
		return "needs " + names[0]
	}
	return fmt.Sprintf("needs %s and %d more", names[0], len(names)-1)
}

// passedChecks counts the checks of a host that passed.
func passedChecks(r outcome.Result) string {
	n := 0
	for _, p := range r.Phases {
		if p.Name.Kind == result.PhaseCheck {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return ", 1 check passed"
	}
	return fmt.Sprintf(", %d checks passed", n)
}

func inParentheses(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}
