package html

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// Where a page may lead besides itself.
const (
	ruleRun    = "https://forge.example/o/r/actions/runs/7"
	ruleSource = "https://forge.example/o/r/blob/4f2c1d9/"
)

// checkHTML checks what holds for every page: it is well-formed, only its own script runs, and
// links lead only where the options say.
func checkHTML(t *testing.T, r result.Report, o Options) string {
	t.Helper()
	o.RunURL, o.SourceURL = ruleRun, ruleSource
	var out bytes.Buffer
	if err := Write(&out, r, o); err != nil {
		t.Fatalf("html: %v", err)
	}
	text := out.String()
	if !utf8.ValidString(text) {
		t.Error("html: not UTF-8")
	}
	for _, c := range text {
		if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Errorf("html: %q", c)
			break
		}
	}
	checkNesting(t, text)
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	p := htmlRules{t: t, ids: map[string]bool{}}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			p.element(n)
		}
	}
	for _, target := range p.targets {
		if !p.ids[target] {
			t.Errorf("html: nothing has the id %q", target)
		}
	}
	if p.scripts != 1 || p.styles != 1 {
		t.Errorf("html: %d scripts and %d styles", p.scripts, p.styles)
	}
	for _, sum := range p.sums {
		if !strings.Contains(p.policy, sum) {
			t.Errorf("html: %s is not in the policy %s", sum, p.policy)
		}
	}
	return text
}

// checkNesting fails if elements are not closed in the right order. Parsers repair that, each
// in its own way.
func checkNesting(t *testing.T, text string) {
	t.Helper()
	void := []string{"meta", "link", "input", "img", "br"}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("html: %q are not closed", open)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			if !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("html: %s is closed in %q", name, open)
			}
			open = open[:len(open)-1]
		case html.CommentToken:
			t.Errorf("html: a comment: %s", z.Raw())
		}
	}
}

// htmlRules collects what concerns the page as a whole.
type htmlRules struct {
	t               *testing.T
	ids             map[string]bool
	targets         []string // ids that something refers to
	scripts, styles int
	policy          string
	sums            []string
}

func (p *htmlRules) element(n *html.Node) {
	known := strings.Fields(`html head meta title link style script body a header main section nav div p span b h1 h2 h3
		ul ol li dl dt dd code pre table thead tbody tr th td details summary dialog button input select option output
		svg g rect line text figure figcaption img title`)
	if !slices.Contains(known, n.Data) {
		p.t.Errorf("html: an element %s", n.Data)
	}
	switch n.Data {
	case "script":
		p.scripts++
		p.sums = append(p.sums, contentHash(n.FirstChild.Data))
	case "style":
		p.styles++
		p.sums = append(p.sums, contentHash(n.FirstChild.Data))
	}
	for _, a := range n.Attr {
		p.attribute(n, a)
	}
}

func (p *htmlRules) attribute(n *html.Node, a html.Attribute) {
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcset", a.Key == "action", a.Key == "formaction":
		p.t.Errorf("html: an attribute %s of %s", a.Key, n.Data)
	case a.Key == "id":
		if p.ids[a.Val] {
			p.t.Errorf("html: two things have the id %q", a.Val)
		}
		p.ids[a.Val] = true
	case a.Key == "aria-labelledby":
		p.targets = append(p.targets, a.Val)
	case a.Key == "content" && strings.HasPrefix(a.Val, "default-src"):
		p.policy = a.Val
	case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
		p.targets = append(p.targets, a.Val[1:])
	case a.Key == "href", a.Key == "src", strings.HasSuffix(a.Key, ":href"):
		if !mayLead(n.Data, a.Val) {
			p.t.Errorf("html: %s leads to %q", n.Data, a.Val)
		}
	}
}

// mayLead reports whether a page in these tests may have the address.
func mayLead(element, address string) bool {
	source, found := strings.CutPrefix(address, ruleSource)
	switch element {
	case "a":
		return address == ruleRun || address == ruleSource || found && !regexp.MustCompile(`(^|/)\.{0,2}(/|$)`).MatchString(source)
	case "link":
		return strings.HasPrefix(address, "data:image/svg+xml,%3Csvg") && !strings.ContainsAny(address, `"<>`)
	case "img":
		return regexp.MustCompile(`^data:image/png;base64,[A-Za-z0-9+/=]+$`).MatchString(address)
	}
	return false
}

// Whatever a file contains and is called, the page shows it as text or as a picture.
func TestPageTakesAnyEvidence(t *testing.T) {
	bomb := screen(t)
	binary.BigEndian.PutUint32(bomb[16:], 1<<30) // its width
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	files := map[string][]byte{
		"a.log":                    []byte("</pre></script><script>alert(1)</script>\x1b[31m\u202e\x00\xff\n\r\n"),
		`"><img src=x onerror=1>`:  []byte("x"),
		"b\u202egnp.log":           []byte("found by its own name"),
		"javascript:alert(1)":      []byte("y"),
		"picture.png":              screen(t),
		"no-picture.png":           []byte("<svg onload=alert(1)>"),
		"SHOUT.PNG":                screen(t),
		"empty.log":                {},
		"truncated.png":            screen(t)[:40],
		"bomb.png":                 bomb,
		"https://evil.example/x":   []byte("z"),
		"{{.}} ${x} `${alert(1)}`": []byte("{{.}}"),
	}
	r := result.Report{Cells: []result.CellResult{{Cell: result.Cell{ID: "vm/a", Kind: "vm", Host: "a"}, Status: result.Failed, Phases: []result.Phase{{Name: result.ParsePhaseName("boot"), Status: result.Failed}}}}}
	for path := range files {
		r.Cells[0].Phases[0].Files = append(r.Cells[0].Phases[0].Files, path)
		r.Causes = append(r.Causes, result.Cause{ID: path, Kind: "build", Title: path, Log: path, Cells: []string{"vm/a"}})
	}
	text := checkHTML(t, r, Options{File: func(path string) ([]byte, error) {
		if data, found := files[path]; found {
			return data, nil
		}
		return nil, fmt.Errorf("no such file: %q", path)
	}})
	if n := strings.Count(text, `<details class="log"`); n != 7 {
		t.Errorf("%d logs, want 7", n)
	}
	if n := strings.Count(text, "<figure"); n != 2 {
		t.Errorf("%d pictures, want 2", n)
	}
	if !strings.Contains(text, "found by its own name") {
		t.Error("a file is not read by the name that the report has for it")
	}
	if n := strings.Count(text, "not a picture that can be shown"); n != 3 {
		t.Errorf("%d files are not pictures, want 3", n)
	}
}

// A page stays small enough, however long the logs are.
func TestPageOfLogsWithoutEnd(t *testing.T) {
	r, asked := result.Report{}, 0
	for i := range 40 {
		r.Causes = append(r.Causes, result.Cause{Kind: "build", Title: "t", Log: fmt.Sprintf("logs/%02d.log", i)})
	}
	long := bytes.Repeat([]byte("0123456789abcdef\n"), 10<<20/17)
	text := checkHTML(t, r, Options{File: func(string) ([]byte, error) {
		asked++
		return long, nil
	}})
	if len(text) > maxLogs+maxLogs/2 {
		t.Errorf("%d bytes", len(text))
	}
	if want := maxLogs/maxLog + 1; asked > want {
		t.Errorf("%d files were read, want %d at most", asked, want)
	}
	for _, said := range []string{"10 MB, only the last 1.0 MB are here", "the page already holds 8.4 MB of logs"} {
		if !strings.Contains(text, said) {
			t.Errorf("the page does not say: %s", said)
		}
	}
	if strings.Contains(text, ">bcdef\n") || !strings.Contains(text, "<pre>0123456789abcdef\n") {
		t.Error("a log that is cut does not begin with a whole line")
	}
}

func TestLogOfOneLineIsCutAtACharacter(t *testing.T) {
	if got := string(lastBytes([]byte(strings.Repeat("€", 10)), 7)); got != "€€" {
		t.Errorf("got %q", got)
	}
}

// Only http and https addresses are links, and only files of the flake.
func TestAddressesOfAPageAreOfTheWeb(t *testing.T) {
	r := sample.Input(t, "failed")
	for _, address := range []string{"javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///etc/passwd", "\x00", "ftp://x/"} {
		var out bytes.Buffer
		if err := Write(&out, r, Options{RunURL: address, SourceURL: address}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "open the run") || strings.Contains(out.String(), "evil.example") {
			t.Errorf("%q is a link", address)
		}
	}
	for file, want := range map[string]string{
		"hosts/a b.nix": ruleSource + "hosts/a%20b.nix#L3", "../x.nix": "", "/etc/passwd": "", "a//b": "", "x?y#z": ruleSource + "x%3Fy%23z#L3",
	} {
		if got := view.SourceURL(ruleSource, result.Location{File: file, Line: 3}); got != want {
			t.Errorf("%q leads to %q, want %q", file, got, want)
		}
	}
}

func checkPage(t *testing.T, r result.Report) {
	t.Helper()
	checkHTML(t, r, Options{})
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, checkPage) }

func TestHugeLogs(t *testing.T) {
	sample.HugeLogs(t, func(w io.Writer, r result.Report) error { return Write(w, r, Options{}) })
}

func FuzzWrite(f *testing.F) { sample.Fuzz(f, checkPage) }
