package bench_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// text formats the results.
func (s *scale) text(b *testing.B, rows []scaleRow, page page) string {
	b.Helper()
	fixed, host := s.model()
	last := rows[len(rows)-1]
	var t strings.Builder
	fmt.Fprintf(&t, "Measured with Nix %s on a machine with %d cores, %s, medians of %d rounds: ", lanes.Newest(b).Version, runtime.NumCPU(), time.Now().Format("2 January 2006"), len(s.few))
	fmt.Fprintf(&t, "`flakeci matrix --max-jobs 256` takes %.1f s; a job with %d hosts evaluates in %.1f s, and one with %d hosts in %.1f s (peak memory %.0f MiB). ",
		median(s.matrix, wall), s.fewHosts, median(s.few, wall), s.moreHosts, median(s.more, wall), highest(s.more, peakMiB))
	fmt.Fprintf(&t, "So a job takes %.2f s, and %.2f s for each host.", fixed, host)
	runs := results{"": slices.Concat(s.few, s.more, last.merges)}
	if others := runs.otherLoad(); others > 0.05 {
		fmt.Fprintf(&t, " Other programs took %.0f %% of the machine meanwhile.", 100*others)
	}
	t.WriteString("\n\nSimulated from that, with builds:\n\n")
	t.WriteString("| jobs at most | made | longest job | mean | all jobs one after another | 20 at a time | matrix |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&t, "| %d | %d | %s | %s | %s | %s | %d KiB |\n", r.jobs, r.made, span(slices.Max(r.shards)), span(sum(r.shards)/float64(len(r.shards))),
			span(sum(r.shards)), span(wait(r.shards, atOnce)), r.size>>10)
	}
	t.WriteString("\nMeasured, the reports of those jobs and their merge into a table, JSON, markdown and a page:\n\n")
	t.WriteString("| reports | largest | all | as artifacts | merge (lowest to highest) | peak memory |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		walls := each(r.merges, wall)
		fmt.Fprintf(&t, "| %d | %.2f MB | %.1f MB | %.1f MB | %.2f s (%.2f to %.2f) | %.0f MB |\n", r.made, float64(r.largest)/1e6, float64(r.total)/1e6, float64(r.packed)/1e6,
			median(r.merges, wall), walls[0], walls[len(walls)-1], highest(r.merges, peakMB))
	}
	fmt.Fprintf(&t, "\nMeasured in Chromium, the page of all 6,000 cells:\n\n%s\n", page)
	for _, r := range rows {
		if r.refuse != "" {
			fmt.Fprintf(&t, "- %d job: %s\n", r.made, r.refuse)
		}
	}
	for _, target := range append([]target{
		{"the matrix of 256 jobs", float64(last.size) / (1 << 10), 1 << 10, " KiB"},
		{"wall time of the merge of 256 reports", median(last.merges, wall), 5, " s"},
		{"peak memory of that merge", highest(last.merges, peakMB), 500, " MB"},
	}, page.targets()...) {
		fmt.Fprintf(&t, "- %s\n", target)
	}
	return t.String()
}

func peakMB(u usage) float64 { return float64(u.peak) / 1e6 }

// span formats a time.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Hour {
		return fmt.Sprintf("%dm %02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh %02dm", int(d.Hours()), int(d.Minutes())%60)
}
