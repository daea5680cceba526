package junit

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// explain writes everything known about a cause, in the order in which readers need it: what
// happened, where, what to do, and what the log says.
func explain(c result.Cause) string {
	lines := []string{view.Headline(c)}
	if c.Location != nil && c.Location.File != "" {
		lines = append(lines, "at "+c.Location.String())
	}
	source, _ := view.Excerpt(c, 0)
	lines = append(lines, source...)
	lines = append(lines, labeled("", view.Details(c))...)
	lines = append(lines, labeled("hint: ", c.Hint)...)
	lines = append(lines, labeled("derivation: ", c.DrvPath)...)
	if len(c.Cells) > 1 {
		lines = append(lines, fmt.Sprintf("blocks %d cells: %s", len(c.Cells), strings.Join(view.FirstNames(c.Cells, view.ListedCells), ", ")))
	}
	lines = append(lines, labeled("full log: ", c.Log)...)
	if c.LogTail != "" {
		lines = append(lines, "", c.LogTail)
	}
	return strings.Join(lines, "\n")
}

// labeled returns a text with its label as a list, empty if the text is.
func labeled(label, text string) []string {
	if text == "" {
		return nil
	}
	return []string{label + text}
}

// output says more about a case than how it ended. Only the phase that built a cell says how it
// passed: a check of a booted machine was not "built".
func (j converter) output(c result.CellResult, p result.Phase, causes []result.Cause, last bool) *junit.Output {
	var lines []string
	if p.Status == result.Passed && p.Message != "" {
		lines = append(lines, p.Message)
	}
	if c.Status == result.Passed && (p.Name.Kind == result.PhaseBuild || last && !c.PassedAt(result.PhaseBuild)) {
		lines = append(lines, howPassed(c))
	}
	if c.Status == result.Passed && last && c.Flaky {
		lines = append(lines, "flaky: passed only after a retry")
	}
	if last && c.Since != nil {
		lines = append(lines, view.SinceText(c.Since))
	}
	if last {
		lines = append(lines, labeled("against the base: ", comparedText(c))...)
		lines = append(lines, j.warnings[c.ID]...)
	}
	if p.Attempts > 1 {
		lines = append(lines, fmt.Sprintf("attempts: %d", p.Attempts))
	}
	if on := view.BuiltOn(p); on != "" {
		lines = append(lines, "built on "+on)
	}
	logs := append([]string{p.Log}, p.Files...)
	for _, cause := range causes {
		logs = append(logs, cause.Log)
	}
	if files := attachments(logs...); files != nil {
		lines = append(lines, files.Data)
	}
	if len(lines) == 0 {
		return nil
	}
	return &junit.Output{Data: strings.Join(lines, "\n")}
}

// comparedText says in words how a cell compares with the base, as far as that is known.
func comparedText(c result.CellResult) string {
	if c.Base == nil {
		return ""
	}
	words := []string{string(c.Base.Change)}
	if o := c.Base.Outcome; o != "" && o != result.Same {
		words = append(words, strings.ReplaceAll(string(o), "-", " "))
	}
	return strings.Trim(strings.Join(words, ", "), ", ")
}

// howPassed says in words how a cell passed.
func howPassed(c result.CellResult) string {
	text := cmp.Or(map[result.How]string{
		result.Built:     "built",
		result.Cached:    "cached: it was in the store or came from a substituter; nothing was built",
		result.Evaluated: "only evaluated, not built",
		result.Unchanged: "unchanged: the same derivation as at the base, so it was left out",
	}[c.How], "passed") + view.WithPrefix(": ", view.Reason(c))
	if c.SameAs != "" {
		text += "\nsame derivation as " + c.SameAs
	}
	return text
}

// attachments lists files in the form that Jenkins and GitLab look for.
func attachments(paths ...string) *junit.Output {
	var lines []string
	for _, path := range paths {
		line := "[[ATTACHMENT|" + path + "]]"
		if path != "" && !strings.Contains(path, "]]") && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return &junit.Output{Data: strings.Join(lines, "\n")}
}

// noMarkers breaks what looks like an attachment or a property. Readers fetch the files that
// an attachment names, and a log must not choose those.
func noMarkers(s string) string {
	if !strings.Contains(s, "[[") {
		return s
	}
	return regexp.MustCompile(`(?i)\[\[(\s*/?\s*(?:attachment|property))`).ReplaceAllString(s, "[ [$1")
}

// noCommands breaks what GitHub's runner would take for a command, since the file may go to
// stdout.
func noCommands(s string) string {
	if !strings.Contains(s, "::") {
		return s
	}
	return strings.Join(view.Map(strings.Split(s, "\n"), clean.Line), "\n")
}

// xmlSeconds writes a duration with three decimals, which all readers take.
func xmlSeconds(seconds float64) string {
	return fmt.Sprintf("%.3f", min(max(seconds, 0), 1e9))
}
