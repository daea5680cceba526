package view

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/result"
)

// Details returns what the message adds to the title, the hint, the excerpt and the log.
func Details(c result.Cause) string {
	message := strings.TrimSpace(c.Message)
	if c.Kind == result.CauseBuild && c.LogTail != "" || strings.Contains(c.LogTail, message) {
		return "" // Nix says only that it failed, and quotes the log
	}
	first, rest, _ := strings.Cut(message, "\n")
	lines := strings.Split(rest, "\n")
	if m, ok := modulesystem.Parse(message); ok && restates(c.Title, m) {
		first, lines = firstOfModule(c.Title, m, first), definitions(c, m, lines)
	} else {
		first = untold(c.Title, first)
	}
	lines = slices.DeleteFunc(append([]string{first}, lines...), func(line string) bool {
		return c.Kind == result.CauseBuild && failedRE.MatchString(line) || advised(c.Hint, line)
	})
	if first == "" && len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	text := dedent(strings.Join(lines, "\n"))
	if strings.Contains(c.Title, strings.TrimPrefix(strings.TrimSpace(text), "- ")) {
		return "" // the only item of a list
	}
	return strings.TrimRight(text, " \n")
}

// failedRE finds the lines that say of a build only that it failed.
var failedRE = regexp.MustCompile(`^(?:builder for '[^']+' failed (?:with exit code|due to signal) .*|Cannot build '[^']+'\.|Reason: builder failed (?:with exit code|due to signal) .*|Output paths:|\s+/\S+/store/\S+)$`)

// minTold is how many bytes of a line a title must end with before it counts as cut off in that
// line.
const minTold = 20

// untold returns what a line adds to a title: nothing if that has it, and the rest if the title
// was cut off in it.
func untold(title, line string) string {
	line = strings.TrimSpace(line)
	if strings.Contains(title, strings.TrimSuffix(line, ":")) {
		return ""
	}
	told, cut := strings.CutSuffix(title, "…")
	for i := range told {
		if !cut || len(told)-i < minTold {
			break
		}
		if strings.HasPrefix(line, told[i:]) {
			return "…" + line[wordStart(line, len(told)-i):]
		}
	}
	return line
}

// wordStart returns where the word at a position begins, if that is near.
func wordStart(line string, at int) int {
	const near = 30
	if begin := strings.LastIndexByte(line[:at], ' ') + 1; at-begin <= near {
		return begin
	}
	for at > 0 && !utf8.RuneStart(line[at]) {
		at--
	}
	return at
}

// advised reports whether a line is advice that the hint has.
func advised(hint, line string) bool {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "Use `lib.mkForce value") {
		return strings.Contains(hint, "lib.mkForce")
	}
	names := quotedRE.FindAllStringSubmatch(line, -1)
	return strings.HasPrefix(line, "Did you mean ") && names != nil &&
		!slices.ContainsFunc(names, func(name []string) bool { return !strings.Contains(hint, name[1]) })
}

// What the module system writes in a message, after its first line.
var (
	quotedRE     = regexp.MustCompile("`([^`']+)'")
	definitionRE = regexp.MustCompile("^ ?- In `([^'\n]+)'(?:: ?(.*))?$")
	listedRE     = regexp.MustCompile(`^ - (/.+?)\.?$`)
)

// valuesHead is what comes before a list of definitions.
const valuesHead = "Definition values:"

// restates reports whether a title says what the first line of the module system's error does.
func restates(title string, m modulesystem.Error) bool {
	switch m.Kind {
	case modulesystem.Other, modulesystem.NotASet, modulesystem.Attribute:
		return false
	}
	return strings.Contains(title, "option "+m.Option)
}

// firstOfModule returns what the first line of the module system's error adds to the title: a
// file or a type that the title lacks, or what follows the sentence.
func firstOfModule(title string, m modulesystem.Error, line string) string {
	line = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), valuesHead))
	line = strings.TrimRight(strings.TrimSuffix(line, " TypeError:"), " ,")
	if slices.ContainsFunc(m.Files(), func(file string) bool {
		return strings.Contains(line, "`"+file+"'") && !strings.Contains(title, file)
	}) {
		return line
	}
	if m.Kind != modulesystem.WrongType {
		return ""
	}
	_, rest, _ := strings.Cut(line, m.Type+"'.")
	if strings.Contains(title, m.Type) {
		return strings.TrimSpace(rest)
	}
	return strings.TrimSpace("its type: " + m.Type + "." + rest)
}

// oneLine returns a text with one blank wherever it has white space: a title has no tabs.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// definitions leaves out the definitions that the title has, and those of an option that does
// not exist if the excerpt shows one. It keeps values that the title had to cut.
func definitions(c result.Cause, m modulesystem.Error, lines []string) []string {
	var kept []string
	dropping := false
	for i, line := range lines {
		more := strings.HasPrefix(line, "    ")
		if more && dropping {
			continue
		}
		dropping = false
		if d := definitionRE.FindStringSubmatch(line); d != nil {
			file, _, _ := strings.Cut(d[1], ", via option ")
			told := d[2] != "" && !(i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ")) && strings.Contains(oneLine(c.Title), oneLine(d[2]+" in "+file))
			dropping = told || m.Kind == modulesystem.Undeclared && c.Excerpt != nil && (strings.Contains(c.Title, file) || file == "<unknown-file>")
		} else if f := listedRE.FindStringSubmatch(line); f != nil {
			dropping = strings.Contains(c.Title, f[1])
		}
		if !dropping && line != valuesHead {
			kept = append(kept, line)
		}
	}
	return kept
}
