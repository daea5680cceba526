package markdown

import (
	"html"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// GitHub parses comments with cmark-gfm, so this is what counts for hostile texts. The other
// tests parse with goldmark, a different program.
func TestMarkdownIsReadSafelyByCmark(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	cmark, err := exec.LookPath("cmark-gfm")
	if err != nil {
		t.Skip("skipped: cmark-gfm is not installed (Debian: cmark-gfm)")
	}
	for _, text := range sample.HostileTexts(t) {
		for name, r := range sample.HostileReports(text) {
			if name == "skipped" || name == "not compared" {
				continue // these test nothing more, and each costs a process
			}
			checkCmark(t, cmark, markdownOf(t, r, onGitHub()))
			if t.Failed() {
				t.Fatalf("%s: %q", name, text)
			}
		}
	}
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		checkCmark(t, cmark, markdownOf(t, r, onGitHub()))
	})
}

var (
	tagRE   = regexp.MustCompile(`<[^>]*>`)
	codeRE  = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)
	ourTags = []string{
		"code", "details", "h3", "h4", "li", "p", "pre", "strong", "sub", "summary",
		"table", "tbody", "td", "th", "thead", "tr", "ul",
	}
)

// checkCmark fails if there is a tag that is not ours, or text outside code that GitHub turns
// into something.
func checkCmark(t *testing.T, cmark, source string) {
	t.Helper()
	args := []string{"--unsafe"}
	for _, extension := range []string{"table", "autolink", "strikethrough", "tasklist", "tagfilter", "footnotes"} {
		args = append(args, "-e", extension)
	}
	cmd := exec.Command(cmark, args...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(source), t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cmark-gfm: %v", err)
	}
	o := onGitHub()
	for _, tag := range tagRE.FindAllString(string(out), -1) {
		name := strings.Trim(tag, "</>")
		link := strings.HasPrefix(tag, `<a href="`+o.RunURL+`">`) || strings.HasPrefix(tag, `<a href="`+o.SourceURL+`/`)
		class := tag == `<code class="language-text">` || tag == `<code class="language-diff">`
		if !slices.Contains(ourTags, name) && !link && !class && tag != "</a>" {
			t.Errorf("cmark-gfm writes %s", tag)
		}
	}
	for part := range strings.SplitSeq(tagRE.ReplaceAllString(codeRE.ReplaceAllString(string(out), "<code>"), "\x00"), "\x00") {
		if text := html.UnescapeString(part); linked.MatchString(text) {
			t.Errorf("GitHub turns %q into something", text)
		}
	}
	if !strings.HasSuffix(string(out), "</sub></p>\n") || strings.Count(string(out), "<details>") != strings.Count(string(out), "</details>") {
		t.Errorf("a block is not closed: %.200s", out)
	}
	if t.Failed() {
		t.Logf("%s\n%s", source, out)
	}
}
