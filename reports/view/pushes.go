package view

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// PushTexts says in a line for each target what became of the outputs that were to be pushed
// there. The warnings say why some failed.
func PushTexts(r result.Report) []string {
	var targets []string
	counts := map[string]map[result.PushStatus]int{}
	sums, reasons := map[string]result.Push{}, map[string]string{}
	for _, p := range r.Pushes {
		if counts[p.To] == nil {
			counts[p.To] = map[result.PushStatus]int{}
			targets = append(targets, p.To)
		}
		n := max(p.Count, 1)
		if p.Path == "" && p.Count == 0 { // about the whole target
			n, reasons[p.To] = 0, p.Message
		}
		counts[p.To][p.Status] += n
		sum := sums[p.To]
		sum.Paths, sum.Bytes = sum.Paths+max(0, p.Paths), sum.Bytes+max(0, p.Bytes)
		sums[p.To] = sum
	}
	return Map(targets, func(to string) string { return pushText(to, counts[to], sums[to], reasons[to]) })
}

func pushText(to string, n map[result.PushStatus]int, sum result.Push, reason string) string {
	var parts []string
	add := func(status result.PushStatus, text string) {
		if n[status] > 0 {
			parts = append(parts, Count(n[status], "output")+" "+text)
		}
	}
	size := ""
	if sum.Bytes > 0 {
		size = ", " + FormatBytes(sum.Bytes)
	}
	pushed := "pushed"
	if sum.Paths > 0 {
		pushed += fmt.Sprintf(" (%s%s)", Count(sum.Paths, "path"), size)
	}
	add(result.Pushed, pushed)
	add(result.PushPresent, "there already")
	add(result.PushFailed, "failed")
	add(result.PushSkipped, "not pushed")
	if reason != "" {
		parts = append(parts, "nothing pushed, "+reason)
	}
	return to + ": " + strings.Join(parts, ", ")
}
