package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// block is what is said of a finished cell. Lines of logs are prefixed, so that
// none of them can begin a workflow command. The log of a cause is shown with
// the first of its victims.
func (p *blocks) block(r runner.Result) []string {
	lines := []string{headline(r)}
	for _, c := range r.Causes {
		where := ""
		if c.Location != nil {
			where = " at " + c.Location.String()
		}
		lines = append(lines, "  "+c.Title+where)
		if p.told[c] {
			continue
		}
		p.told[c] = true
		if c.Kind == result.CauseCheck {
			for l := range strings.SplitSeq(c.Message, "\n") {
				lines = append(lines, "    "+l)
			}
		}
		if c.LogTail == "" {
			continue
		}
		for l := range strings.SplitSeq(c.LogTail, "\n") {
			lines = append(lines, "  | "+l)
		}
	}
	return lines
}

// details are what is folded away below the line of a cell that was built: how
// long each phase took, what came out, and the end of its own builder's log.
// There are none where nothing folds.
func (p *blocks) details(r runner.Result) []string {
	log := p.logs.of(r.DrvPath)
	if !p.folds || r.Status != result.Passed || r.How != result.Built {
		return nil
	}
	var lines []string
	for _, phase := range r.Phases {
		lines = append(lines, fmt.Sprintf("  %s %s", phase.Name, view.Seconds(phase.Duration)))
	}
	for _, output := range slices.Sorted(maps.Keys(r.OutPaths)) {
		lines = append(lines, "  "+output+" "+r.OutPaths[output])
	}
	for _, l := range log {
		lines = append(lines, "  | "+l)
	}
	return lines
}

// headline is the line of a cell.
func headline(r runner.Result) string {
	took := view.Seconds(r.Seconds())
	id := r.Cell.ID
	switch r.Status {
	case result.Passed:
		if r.How == result.Evaluated && r.Note != "" {
			return "~ " + id + " " + r.Note
		}
		last := r.Phases[len(r.Phases)-1]
		switch kind := last.Name.Kind; {
		case r.Cell.Kind == matrix.KindVM && kind != result.PhaseBuild && kind != result.PhaseEval:
			return fmt.Sprintf("✔ %s booted %s%s%s", id, took, checksHeld(r), noted(r.Note))
		case kind == result.PhaseActivate && last.Status == result.Skipped:
			return fmt.Sprintf("- %s not activated%s", id, noted(last.Message))
		case kind == result.PhaseActivate:
			return fmt.Sprintf("✔ %s activated in %s", id, cmp.Or(last.Name.Subject, r.Cell.Host))
		}
		mark := map[result.How]string{result.Built: "✔", result.Cached: "=", result.Unchanged: "=", result.Evaluated: "~"}[r.How]
		return fmt.Sprintf("%s %s %s %s%s", mark, id, r.How, took, noted(r.Note))
	case result.Skipped:
		return fmt.Sprintf("- %s skipped%s", id, noted(r.Note))
	case result.Canceled:
		return fmt.Sprintf("- %s canceled", id)
	case result.Error:
		return fmt.Sprintf("! %s error after %s", id, took)
	case result.DependencyFailed:
		return "✘ " + id + " blocked" + blockers(r.Causes)
	case result.TimedOut:
		return fmt.Sprintf("✘ %s timed out after %s", id, took)
	}
	return fmt.Sprintf("✘ %s failed after %s", id, took)
}

// blockers names the first derivation that blocks a cell, and counts the others.
func blockers(causes []*result.Cause) string {
	var names []string
	for _, c := range causes {
		if c.DrvPath != "" {
			names = append(names, nix.DrvName(c.DrvPath))
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " by " + names[0]
	}
	return fmt.Sprintf(" by %s and %d more", names[0], len(names)-1)
}

// checksHeld counts the checks of a host that passed.
func checksHeld(r runner.Result) string {
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
		return ", 1 check held"
	}
	return fmt.Sprintf(", %d checks held", n)
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}

// logs holds the ends of the logs of builders, by derivation.
type logs struct {
	lines map[string][]string
	order []string // the derivations, in the order in which they began to write
}

// The most builders of whose logs the end is kept, and how much of a line.
const (
	mostLogs    = 100
	longestLine = 500
)

func (l *logs) add(drv, line string) {
	if l.lines == nil {
		l.lines = map[string][]string{}
	}
	if _, known := l.lines[drv]; !known {
		l.order = append(l.order, drv)
	}
	if len(line) > longestLine {
		line = line[:longestLine] + "…"
	}
	kept := append(l.lines[drv], strings.Clone(line))
	l.lines[drv] = slices.Delete(kept, 0, max(0, len(kept)-nixlog.TailLines))
	if len(l.order) > mostLogs {
		delete(l.lines, l.order[0])
		l.order = slices.Delete(l.order, 0, 1)
	}
}

// of gives the end of a log.
func (l *logs) of(drv string) []string { return l.lines[drv] }
