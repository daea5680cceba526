package html

import (
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// The page says everything that the report says about cells and causes.
func TestPageSaysWhatTheReportSays(t *testing.T) {
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		text := textOf(t, checkHTML(t, r, Options{}))
		said := func(what ...string) {
			for _, s := range what {
				if !strings.Contains(text, s) {
					t.Errorf("the page does not say %q", s)
				}
			}
		}
		r = sanitizer().Report(r)
		_, rest, _ := strings.Cut(view.Summary(r), ": ")
		said(rest)
		said(r.Notes...)
		for _, c := range r.Cells {
			said(c.ID, c.Attr, c.DrvPath, c.Note)
			for _, p := range c.Phases {
				said(p.Name.String(), p.Message, p.Log)
				said(p.Files...)
			}
			if c.Base != nil {
				said(c.Base.DrvPath, c.Base.Note)
			}
		}
		for _, c := range view.NewCauseIndex(r).Ordered(r) {
			said(view.Headline(c), view.Details(c), c.Hint, c.LogTail, c.Log, c.DrvPath)
			if c.Location != nil {
				said(c.Location.String())
			}
			source, _ := view.Excerpt(c, 0)
			said(strings.Join(source, "\n"))
		}
	})
}

// The causes of one report can be read here; the rest of the page changes with its design.
func TestGolden(t *testing.T) {
	page := string(sample.Written(t, func(w io.Writer, r result.Report) error { return Write(w, r, Options{}) }, sample.Input(t, "errors")))
	_, rest, found := strings.Cut(page, `<section id="causes"`)
	causes, _, closed := strings.Cut(rest, "</section>")
	if !found || !closed {
		t.Fatal("the page has no causes")
	}
	sample.GoldenFile(t, "errors.causes.html", []byte(`<section id="causes"`+causes+"</section>\n"))
}

// textOf returns the text of a page.
func textOf(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && !slices.Contains([]string{"script", "style"}, n.Parent.Data) {
			text.WriteString(n.Data)
		}
	}
	return text.String()
}

func TestPageOfChanges(t *testing.T) {
	r, _ := comparedReport(t)
	other := sample.Closure(3)
	other.Packages = append(other.Packages, result.PackageChange{Name: "only-here", Kind: result.PackageAdded, After: []string{"", "2"}, Size: 5_000_000})
	r.Cells[2].Base = &result.CellBase{Change: result.CellChanged, Closure: other}
	ch := newPage(r, Options{}).Changes
	if len(ch.Machines) != 2 || len(ch.Packages) != 41 {
		t.Fatalf("%d groups of machines and %d packages, want 2 and 41", len(ch.Machines), len(ch.Packages))
	}
	if m := ch.Machines[0]; m.Size != "8.1 GB → 8.3 GB" || m.Delta != "+212 MB" || m.Name != "both hosts" || len(m.Cells) != 2 {
		t.Errorf("two machines that changed alike are %+v", m)
	}
	for name, want := range map[string]packageChange{
		"only-here":   {Sign: "+", Before: "", After: "(no version), 2", Delta: "+5.0 MB", Where: "home/joachim@reason", Machines: "1"},
		"firefox-000": {Sign: "↑", Before: "0.0.1", After: "0.0.2", Delta: "−1.6 MB", Where: "both hosts and the home", Machines: "0-1"},
		"glibc-010":   {Sign: "↑", Before: "1.3.1", After: "1.3.2", Delta: "−370 kB", Where: "both hosts", Machines: "0"},
	} {
		i := slices.IndexFunc(ch.Packages, func(p packageChange) bool { return p.Name == name })
		if i < 0 {
			t.Errorf("there is no package %s", name)
			continue
		}
		got := ch.Packages[i]
		want.Name, want.Kind, want.Bytes = name, got.Kind, got.Bytes
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// A fleet in which no two machines changed alike still has a page of limited size.
func TestPageOfChangesWithoutEnd(t *testing.T) {
	r := result.Report{Base: &result.Base{Ref: "main"}}
	for i := range 5 {
		c := sample.Closure(1000)
		for j := range c.Packages {
			c.Packages[j].Name += strings.Repeat("x", i)
		}
		r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: "nixos/" + strings.Repeat("x", i+1), Kind: "nixos"}, Status: result.Passed, Base: &result.CellBase{Change: result.CellChanged, Closure: c}})
	}
	if ch := newPage(r, Options{}).Changes; len(ch.Packages) != maxPackages || ch.More != 1000 {
		t.Errorf("%d packages and %d more", len(ch.Packages), ch.More)
	}
}

func TestRanges(t *testing.T) {
	for want, numbers := range map[string][]int{"": nil, "3": {3}, "0-3,7": {0, 1, 2, 3, 7}, "1,3": {1, 1, 3, 3}} {
		if got := ranges(numbers); got != want {
			t.Errorf("%v is %s, want %s", numbers, got, want)
		}
	}
}

// However long a run was, each zoom has a few ticks, and those of the zoom before.
func TestTicks(t *testing.T) {
	for _, length := range []float64{0.05, 1, 59, 134.2, 4215, 86400, view.MaxSeconds} {
		list := ticks(length)
		for zoom := 1; zoom <= maxZoom; zoom *= 2 {
			n := 0
			for _, tick := range list {
				if tick.Zoom <= zoom {
					n++
				}
			}
			if n < 1 || n > maxTicks*zoom+1 {
				t.Errorf("%v seconds at zoom %d have %d ticks", length, zoom, n)
			}
		}
	}
	if got := []string{clock(0.5), clock(30), clock(90), clock(4215)}; !slices.Equal(got, []string{"0.5s", "30s", "1:30", "1:10:15"}) {
		t.Errorf("%q", got)
	}
}

// A merged report says how many machines there were, and where the result of each cell comes from.
func TestMachines(t *testing.T) {
	page := string(sample.Written(t, func(w io.Writer, r result.Report) error { return Write(w, r, Options{}) }, sample.Input(t, "merged")))
	for _, want := range []string{">machines<", "GitHub Actions 5, shard 1/3", "GitHub Actions 3, shard 2/3"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
