package markdown

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/quick"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// onGitHub returns the options of a comment, without a limit.
func onGitHub() Options {
	return Options{
		RunURL: "https://github.example/o/r/actions/runs/7", SourceURL: "https://github.example/o/r/blob/4f2c1d9a",
	}
}

func markdownOf(t *testing.T, r result.Report, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, r, o); err != nil {
		t.Fatalf("markdown: %v", err)
	}
	return out.String()
}

// checkMarkdown checks what holds for the markdown of every report: it has the grid and the
// causes, no markup that is not ours, and it keeps to its limit.
func checkMarkdown(t *testing.T, r result.Report) {
	t.Helper()
	o := onGitHub()
	out := markdownOf(t, r, o)
	sample.CheckCommands(t, out)
	page := readMarkdown(out, o)
	page.findContent(r)
	for _, fault := range page.faults {
		t.Errorf("markdown: %s", fault)
	}
	if len(page.faults) > 0 {
		t.Logf("%.4000s", out)
	}
	for _, o.Limit = range []int{500, 2500, 65536} {
		if o.Limit < len(out) {
			checkShortened(t, r, o)
		}
	}
}

func checkShortened(t *testing.T, r result.Report, o Options) {
	t.Helper()
	out := markdownOf(t, r, o)
	if len(out) > o.Limit {
		t.Errorf("markdown: %d bytes of %d", len(out), o.Limit)
	}
	sample.CheckCommands(t, out)
	faults := readMarkdown(out, o).faults
	if !strings.Contains(out, "Shortened to fit:") && !strings.Contains(out, "does not fit here") {
		faults = append(faults, "it does not say that it is shortened")
	}
	for _, fault := range faults {
		t.Errorf("markdown of at most %d bytes: %s", o.Limit, fault)
	}
	if len(faults) > 0 {
		t.Logf("%s", out)
	}
}

// findContent adds a fault if a place of the grid or the title of a cause is missing.
func (p *markdownPage) findContent(r result.Report) {
	r = sanitizer().Report(r)
	index, layout := view.NewCauseIndex(r), view.NewLayout(r)
	seen := asRead(p.text)
	for _, c := range index.Ordered(r) {
		if title := asRead(view.Fit(view.Headline(c), 300)); !strings.Contains(seen, title) {
			p.faults = append(p.faults, fmt.Sprintf("the title %q is not in %q", title, seen))
		}
	}
	shown := map[string]int{} // places of the grid
	for _, table := range p.tables {
		for _, line := range table[1:] {
			for i := range line {
				sign, _, _ := strings.Cut(line[i], " ")
				shown[line[0]+"\n"+table[0][i]+"\n"+sign]++
			}
		}
	}
	labeler := view.Labeler{Index: index}
	for _, row := range layout.Rows {
		for _, c := range layout.Columns() {
			label := c.Place(row, labeler)
			place := fmt.Sprintf("%s\n%s\n%s", named(row.Name, row.Note), named(c.Title, ""), labelEmoji(label))
			if shown[place]--; shown[place] < 0 {
				p.faults = append(p.faults, fmt.Sprintf("the place %q is not in %q", place, p.tables))
			}
		}
	}
}

// named returns a name in a table with its note, or a dash for neither.
func named(name, note string) string {
	if name = asRead(view.Fit(name, 80) + view.WithPrefix(" ", note)); name == "" {
		return "–"
	}
	return name
}

func TestMarkdownKeepsToAnyLimit(t *testing.T) {
	keeps := func(any sample.Report, seed int64) bool {
		r, rng, o := any.Report, rand.New(rand.NewSource(seed)), onGitHub()
		all := len(markdownOf(t, r, o))
		for range 3 {
			if o.Limit = 500 + rng.Intn(all); o.Limit < all {
				checkShortened(t, r, o)
			}
		}
		for _, o.Limit = range []int{1, 40, 300} {
			if out := markdownOf(t, r, o); len(out) > o.Limit {
				t.Errorf("%d bytes of %d", len(out), o.Limit)
			}
		}
		return !t.Failed()
	}
	if err := quick.Check(keeps, &quick.Config{MaxCount: 50}); err != nil {
		t.Error(err)
	}
}

func TestMarkdownIsTheSameEachTime(t *testing.T) {
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		o := onGitHub()
		for _, o.Limit = range []int{0, 2000} {
			first := markdownOf(t, r, o)
			for range 5 {
				if markdownOf(t, r, o) != first {
					t.Fatal("one report gave two different texts")
				}
			}
		}
	})
}

func TestMarkdownLinksToTheSource(t *testing.T) {
	for file, want := range map[string]string{
		"hosts/laptop/default.nix": "(https://github.example/o/r/blob/4f2c1d9a/hosts/laptop/default.nix#L3)",
		"a b/(c)/d#e?f.nix":        "(https://github.example/o/r/blob/4f2c1d9a/a%20b/%28c%29/d%23e%3Ff.nix#L3)",
		"../../evil/blob/x.nix":    "",
		"/etc/passwd":              "",
		"a//b":                     "",
	} {
		r := result.Report{Causes: []result.Cause{{Kind: "eval", Title: "x", Location: &result.Location{File: file, Line: 3}}}}
		out := markdownOf(t, r, onGitHub())
		if want == "" {
			want = "\n`" + file + ":3`\n"
		}
		if !strings.Contains(out, want) {
			t.Errorf("%s: no %s in\n%s", file, want, out)
		}
	}
}

func TestMarkdownTakesNoOtherAddresses(t *testing.T) {
	r := sample.Input(t, "failed")
	for _, address := range []string{"javascript:alert(1)", "x)", "https://a.example/)[x](y", "https:///x", "//a.example"} {
		if out := markdownOf(t, r, Options{RunURL: address, SourceURL: address}); strings.Contains(out, "](") {
			t.Errorf("%s became a link:\n%s", address, out)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for i, text := range sample.HostileTexts(f) {
		if i%10 == 0 { // the others are seeds of FuzzProse, and are slow here
			f.Add(text, text, 700)
		}
	}
	f.Fuzz(func(t *testing.T, one, other string, limit int) {
		r := sample.HostileReports(one)["failed"]
		r.Causes[0].Title, r.Causes[1].LogTail, r.Cells[1].ID, r.Cells[1].User = other, other, other, other
		checkMarkdown(t, r)
		o := onGitHub()
		if o.Limit = 500 + limit%70000; limit > 0 && o.Limit < len(markdownOf(t, r, Options{})) {
			checkShortened(t, r, o)
		}
	})
}

func TestMarkdownFoldsWhatIsGreen(t *testing.T) {
	r := result.Report{Verdict: result.VerdictPassed, Grid: result.Grid{Users: []string{"joachim", "work", "guest", "admin"}}}
	for i := range 100 {
		host := fmt.Sprintf("host-%03d", i)
		r.Grid.Hosts = append(r.Grid.Hosts, host)
		r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: "nixos/" + host, Kind: "nixos", Host: host}, Status: result.Passed, How: result.Cached})
		for _, user := range r.Grid.Users {
			r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: "home/" + user + "@" + host, Kind: "home", Host: host, User: user}, Status: result.Passed, How: result.Cached})
		}
	}
	r.Cells[0].Status, r.Verdict = result.Failed, result.VerdictFailed
	o := onGitHub()
	out := markdownOf(t, r, o)
	open, folded, found := strings.Cut(out, "<details><summary>99 hosts with nothing to report</summary>")
	if !found || !strings.Contains(open, "`host-000`") || strings.Contains(open, "`host-001`") || !strings.Contains(folded, "`host-099`") {
		t.Errorf("not folded as it should be:\n%s", out)
	}
	if o.Limit = 2000; !strings.Contains(markdownOf(t, r, o), "… and 99 hosts with nothing to report") {
		t.Errorf("under a limit, the hosts are not counted:\n%s", markdownOf(t, r, o))
	}
}

// A comment on a thousand hosts fits, whatever fails, and begins with what matters.
func TestMarkdownOfThousandHosts(t *testing.T) {
	for causes, want := range map[int][]string{
		0:    {"### ✅ passed: 6000 cells", "<details><summary>1000 hosts with nothing to report</summary>"},
		1:    {"### ❌ failed: 1 cause, 6000 of 6000 cells", "`host40` |", "<details><summary>960 more hosts</summary>"},
		6000: {"### ❌ failed: 6000 causes, 6000 of 6000 cells", "… and 5975 more causes", "… and 960 more hosts", "**Shortened to fit:**"},
	} {
		o := onGitHub()
		o.Limit = 65536
		text := markdownOf(t, sample.Thousand(causes), o)
		if len(text) > o.Limit {
			t.Errorf("%d causes: %d bytes", causes, len(text))
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%d causes: no %q in\n%.1500s", causes, part, text)
			}
		}
	}
}

func writeAll(w io.Writer, r result.Report) error { return Write(w, r, Options{}) }

func TestGolden(t *testing.T) {
	sample.Golden(t, ".md", writeAll)
	sample.GoldenFile(t, "bump.md", sample.Written(t, writeAll, sample.Bump()))
	o := onGitHub()
	o.Limit = 16000
	sample.GoldenFile(t, "bump-16000.md", []byte(markdownOf(t, sample.Bump(), o)))
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, checkMarkdown) }

func TestHugeLogs(t *testing.T) { sample.HugeLogs(t, writeAll) }

func FuzzWrite(f *testing.F) { sample.Fuzz(f, checkMarkdown) }
