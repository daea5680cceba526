package bench_test

import (
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// The reports of a whole matrix of GitHub jobs.
func BenchmarkMerge(b *testing.B) {
	// Some cells failed, so flakeci ends with 1.
	const command = "flakeci report reports/*/report.json --json merged.json --markdown merged.md"
	merge := contender{name: "a merge", argv: []string{"sh", "-c", command + "; [ $? = 1 ]"}}
	page := contender{name: "a merge with --html", argv: []string{"sh", "-c", command + " --html merged.html; [ $? = 1 ]"}}
	s := scenario{
		name:       "merge",
		about:      "6000 cells (1000 hosts, 5 homes each) in the reports of 256 shards, merged into a table, JSON and markdown.",
		contenders: []contender{merge, page},
		targets: func(got results) []target {
			return []target{
				{"wall time of " + merge.name, got.wall(merge), 5, " s"},
				{"peak memory of " + merge.name, highest(got[merge.name], peakMiB) * (1 << 20) / 1e6, 500, " MB"},
			}
		},
	}
	p := prepare(b)
	p.compile(b)
	dir := b.TempDir()
	all := hosts(b, 1000)
	writeReports(b, filepath.Join(dir, "reports"), all, inTurn(b, all, 256), func(result.Cell) times { return times{15, 15} })
	got := results{}
	for b.Loop() {
		for _, c := range s.contenders {
			u := p.measure(b, c, dir, b.TempDir())
			b.Logf("%s: %v", c.name, u)
			got[c.name] = append(got[c.name], u)
		}
	}
	s.report(b, got)
}
