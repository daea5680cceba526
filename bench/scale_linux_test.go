package bench_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/flakeci/flakeci/bench"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// atOnce is how many jobs GitHub runs at once in its free plan.
const atOnce = 20

// BenchmarkScale divides 1,000 hosts with five homes each among up to 256 jobs. What one machine
// takes is measured on two of the jobs, evaluation only, and the rest is calculated from that;
// what is built is simulated. Reports of that size are then merged for real, and the page is opened
// in a browser.
func BenchmarkScale(b *testing.B) {
	p := prepare(b)
	p.compile(b)
	all := hosts(b, 1000)
	s := scale{all: all, builds: someBuilds(all)}
	var rows []scaleRow
	for _, jobs := range []int{1, 4, 16, 64, 256} {
		rows = append(rows, scaleRow{jobs: jobs})
	}
	fleet := bench.Fleet{Hosts: 1000, Users: 5, Weight: bench.Heavy(), Salt: p.salt(), System: p.system(b), Busybox: p.busybox}
	dir := p.write(b, fleet)
	for b.Loop() {
		s.sample(b, p, dir)
		for i := range rows {
			s.simulate(b, p, &rows[i])
		}
	}
	page := openPage(b, filepath.Join(rows[len(rows)-1].dir, "merged.html"))
	publish(b, "scale", s.text(b, rows, page))
}

// scale is a fleet divided among jobs.
type scale struct {
	all    matrix.Matrix
	builds map[string]float64 // simulated seconds by cell

	// The measured runs: making the matrix, a job with few hosts and one with more.
	matrix, few, more []usage
	fewHosts          int
	moreHosts         int
}

// scaleRow is a division among jobs.
type scaleRow struct {
	jobs   int // at most
	dir    string
	made   int
	size   int       // of the matrix, in bytes as GitHub counts them
	refuse string    // why GitHub or Linux will not take it
	shards []float64 // seconds of each
	// Bytes of the reports: the largest, all of them, and packed as artifacts.
	largest, total, packed int64
	merges                 []usage
}

// sample measures real runs: the matrix of 256 jobs, and the largest job of each of two matrices.
func (s *scale) sample(b *testing.B, p *workspace, dir string) {
	b.Helper()
	job := func(jobs string) (text string, hosts int, took usage) {
		c := contender{name: "the matrix", argv: []string{"sh", "-c", "flakeci matrix --format github --max-jobs " + jobs + " >../matrix.json"}}
		took = p.measure(b, c, dir, b.TempDir())
		out, err := os.ReadFile(filepath.Join(dir, "..", "matrix.json"))
		if err != nil {
			b.Fatal(err)
		}
		var m matrix.Strategy
		if err := json.Unmarshal(out, &m); err != nil {
			b.Fatal(err)
		}
		largest := slices.MaxFunc(m.Include, func(x, y matrix.Job) int { return len(x.Cells) - len(y.Cells) })
		entry, err := json.Marshal(largest)
		if err != nil {
			b.Fatal(err)
		}
		for _, id := range largest.Cells {
			if strings.HasPrefix(id, "nixos/") {
				hosts++
			}
		}
		return string(entry), hosts, took
	}
	run := func(entry string) usage {
		return p.measure(b, flakeci.with("--eval-only", "--shard", entry), dir, b.TempDir())
	}
	entry, hosts, took := job("256")
	s.fewHosts, s.matrix, s.few = hosts, append(s.matrix, took), append(s.few, run(entry))
	entry, s.moreHosts, _ = job("64")
	s.more = append(s.more, run(entry))
}

// model returns how long a job takes besides building: a fixed time, and one for each host. Both are in
// seconds, by the median of the measured jobs.
func (s *scale) model() (fixed, host float64) {
	few, more := median(s.few, wall), median(s.more, wall)
	host = (more - few) / float64(s.moreHosts-s.fewHosts)
	return max(0, few-host*float64(s.fewHosts)), host
}

// times returns how long a cell takes, which is its weight.
func (s *scale) times(host float64) func(result.Cell) times {
	return func(c result.Cell) times {
		t := times{build: s.builds[c.ID]}
		if c.Kind.IsHost() {
			t.eval = host
		}
		return t
	}
}

// simulate divides the cells by their times, writes the reports of all jobs and merges them.
func (s *scale) simulate(b *testing.B, p *workspace, row *scaleRow) {
	b.Helper()
	fixed, host := s.model()
	took := s.times(host)
	past := matrix.Past{Seconds: map[string]float64{}, Systems: map[string]string{}}
	for _, c := range s.all.Cells {
		t := took(c)
		past.Seconds[c.ID], past.Systems[c.ID] = max(1e-3, t.eval+t.build), "x86_64-linux"
	}
	strategy := s.all.Strategy(matrix.StrategyOptions{Jobs: row.jobs, Past: past, Runner: matrix.DefaultRunner})
	row.dir, row.made, row.refuse, row.shards = b.TempDir(), len(strategy.Include), "", nil
	row.size = 2 * len(utf16.Encode([]rune(strategy.String())))
	if err := strategy.Check(); err != nil {
		row.refuse = err.Error()
	}
	var parts []matrix.Matrix
	for _, j := range strategy.Include {
		part := chosen(b, s.all, matrix.Selection{Job: &j, Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
		parts, row.shards = append(parts, part), append(row.shards, fixed+machineSeconds(part, took))
	}
	writeReports(b, filepath.Join(row.dir, "reports"), s.all, parts, took)
	row.weigh(b)
	const command = "flakeci report reports/*/report.json --json merged.json --markdown merged.md --html merged.html; [ $? = 1 ]"
	u := p.measure(b, contender{name: "a merge", argv: []string{"sh", "-c", command}}, row.dir, b.TempDir())
	row.merges = append(row.merges, u)
	fmt.Fprintf(os.Stderr, "scale, %d jobs: %s\n", row.jobs, u)
}

// weigh measures the reports.
func (row *scaleRow) weigh(b *testing.B) {
	b.Helper()
	row.largest, row.total, row.packed = 0, 0, 0
	files, err := filepath.Glob(filepath.Join(row.dir, "reports", "*", "report.json"))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		row.largest, row.total, row.packed = max(row.largest, int64(len(text))), row.total+int64(len(text)), row.packed+zipped(b, text)
	}
}

// zipped returns the size of a file as an artifact, which is a ZIP archive.
func zipped(b *testing.B, text []byte) int64 {
	b.Helper()
	var n counter
	z := zip.NewWriter(&n)
	w, err := z.Create("report.json")
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	return int64(n)
}

// counter counts what is written to it.
type counter int64

func (n *counter) Write(p []byte) (int, error) {
	*n += counter(len(p))
	return len(p), nil
}
