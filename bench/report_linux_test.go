package bench_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// target is a number that must not exceed a limit.
type target struct {
	what         string
	value, limit float64
	unit         string
}

func (t target) String() string {
	verdict := "holds"
	switch {
	case math.IsNaN(t.value):
		return t.what + ": not measured"
	case t.value > t.limit:
		verdict = "**misses**"
	}
	return fmt.Sprintf("%s: %s%s, at most %s%s: %s", t.what, short(t.value), t.unit, short(t.limit), t.unit, verdict)
}

// short formats a number with three digits, or with all digits before the point.
func short(n float64) string {
	if n >= 100 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.3g", n)
}

// median returns the median over the runs of a contender.
func median(runs []usage, of func(usage) float64) float64 {
	values := each(runs, of)
	if len(values) == 0 {
		return math.NaN()
	}
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}

// highest returns the highest value over the runs.
func highest(runs []usage, of func(usage) float64) float64 {
	if len(runs) == 0 {
		return math.NaN()
	}
	return slices.Max(each(runs, of))
}

// each returns the sorted values of the runs.
func each(runs []usage, of func(usage) float64) []float64 {
	var values []float64
	for _, u := range runs {
		values = append(values, of(u))
	}
	slices.Sort(values)
	return values
}

func builds(u usage) float64   { return float64(u.builds) }
func wall(u usage) float64     { return u.wall.Seconds() }
func cpu(u usage) float64      { return u.cpu.Seconds() }
func ownCPU(u usage) float64   { return u.ownCPU.Seconds() }
func peakMiB(u usage) float64  { return float64(u.peak) / (1 << 20) }
func ownMiB(u usage) float64   { return float64(u.ownPeak) / (1 << 20) }
func ownMB(u usage) float64    { return float64(u.ownPeak) / 1e6 }
func ownShare(u usage) float64 { return 100 * u.ownCPU.Seconds() / u.cpu.Seconds() }

func (r results) wall(of contender) float64 { return median(r[of.name], wall) }

// ratio compares the time of one contender with that of another.
func (r results) ratio(ours, theirs contender, limit float64) target {
	return target{
		what:  fmt.Sprintf("wall time of %s / %s", ours.name, theirs.name),
		value: r.wall(ours) / r.wall(theirs), limit: limit,
	}
}

// otherLoad returns the median share of the machine that unrelated programs used, including the
// watcher.
func (r results) otherLoad() float64 {
	var runs []usage
	for _, list := range r {
		runs = append(runs, list...)
	}
	return median(runs, func(u usage) float64 { return u.otherLoad })
}

// within compares the peak memory of the tree, over all runs, with a limit in MiB.
func (r results) within(of contender, limit float64) target {
	return target{what: "peak memory of " + of.name, value: highest(r[of.name], peakMiB), limit: limit, unit: " MiB"}
}

// table formats the medians of all contenders in markdown.
func (s scenario) table(got results) string {
	var t strings.Builder
	t.WriteString("| | wall time (lowest to highest) | against flakeci | CPU | peak memory | flakeci's own CPU, peak |\n|---|---|---|---|---|---|\n")
	first := got.wall(s.contenders[0])
	for _, c := range s.contenders {
		runs := got[c.name]
		walls := each(runs, wall)
		own := ""
		if c.argv[0] == flakeci.argv[0] {
			own = fmt.Sprintf("%.2f s, %.0f MiB", median(runs, ownCPU), highest(runs, ownMiB))
		}
		fmt.Fprintf(&t, "| %s | %.2f s (%.2f to %.2f) | %.2f | %.2f s | %.0f MiB | %s |\n", c.name,
			median(runs, wall), walls[0], walls[len(walls)-1], median(runs, wall)/first, median(runs, cpu), highest(runs, peakMiB), own)
	}
	return t.String()
}

// report prints the results, and writes them into the document that BENCH_TABLES names.
func (s scenario) report(b *testing.B, got results) {
	rounds := "One round"
	if n := len(got[s.contenders[0].name]); n > 1 {
		rounds = fmt.Sprintf("Medians of %d rounds", n)
	}
	var t strings.Builder
	fmt.Fprintf(&t, "%s %s, Nix %s, %s.\n\n%s\n", s.about, rounds, lanes.Newest(b).Version, time.Now().Format("2 January 2006"), s.table(got))
	if others := got.otherLoad(); others > 0.05 {
		fmt.Fprintf(&t, "Other programs took %.0f %% of the machine meanwhile.\n\n", 100*others)
	}
	for _, target := range s.targets(got) {
		fmt.Fprintf(&t, "- %s\n", target)
	}
	b.ReportMetric(got.wall(s.contenders[0]), "s/flakeci")
	publish(b, s.name, t.String())
}

// publish prints the results of a scenario, and writes them into the one of the documents in
// BENCH_TABLES that has a place for them.
func publish(b *testing.B, scenario, text string) {
	b.Helper()
	fmt.Fprintf(os.Stderr, "\n## %s\n\n%s\n", scenario, text)
	b.ReportMetric(0, "ns/op") // would include everything that a round does
	documents := strings.Fields(os.Getenv("BENCH_TABLES"))
	if len(documents) == 0 {
		return
	}
	for i, name := range documents {
		documents[i] = filepath.Join(lanes.Root(b), name)
	}
	if err := replace(documents, scenario, text); err != nil {
		b.Fatal(err)
	}
}

// replace replaces the text between a scenario's comments in one of several documents.
func replace(documents []string, scenario, text string) error {
	begin, end := fmt.Sprintf("<!-- %s -->\n", scenario), fmt.Sprintf("<!-- end of %s -->", scenario)
	for _, path := range documents {
		old, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		before, rest, found := strings.Cut(string(old), begin)
		_, after, ended := strings.Cut(rest, end)
		if found && ended {
			return os.WriteFile(path, []byte(before+begin+text+end+after), 0o666)
		}
	}
	return fmt.Errorf("there is no place for %s in %s", scenario, strings.Join(documents, " and "))
}
