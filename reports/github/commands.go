package github

import (
	"fmt"
	"strings"
)

// maxCommands is how many annotations of one level GitHub accepts from a step.
const maxCommands = 10

// commands returns the lines that make the runner annotate files, as
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
// describes them.
func commands(notes []annotation) string {
	words := map[level]string{levelFailure: "error", levelWarning: "warning", levelNotice: "notice"}
	count := map[level]int{}
	var b strings.Builder
	for _, n := range notes {
		if count[n.Level]++; count[n.Level] > maxCommands {
			continue
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d", words[n.Level], property.Replace(n.File), max(n.Line, 1))
		if n.Line > 0 && n.Column > 0 {
			fmt.Fprintf(&b, ",col=%d", n.Column)
		}
		fmt.Fprintf(&b, ",title=%s::%s\n", property.Replace(n.Title), data.Replace(n.Message))
	}
	return b.String()
}

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
