package markdown

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gfm "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// markdownPage is markdown as a reader on GitHub sees it.
type markdownPage struct {
	text   string       // everything that can be read
	tables [][][]string // rows of cells, the header first
	folded int          // number of folded parts
	faults []string
}

// readMarkdown reads back what Write wrote. Faults are markup and links that are not ours, and
// text that GitHub would turn into a link or a mention.
func readMarkdown(source string, o Options) *markdownPage {
	p := &markdownReader{source: []byte(source), options: o}
	p.characters(source)
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	root := parser.Parse(text.NewReader(p.source))
	if err := ast.Walk(root, p.visit); err != nil {
		p.fault("%v", err)
	}
	if p.open != 0 {
		p.fault("%d details are not closed", p.open)
	}
	// A block that is not closed would swallow the end.
	last, ok := root.LastChild().(*ast.Paragraph)
	if !ok || !strings.HasPrefix(string(last.Lines().Value(p.source)), "<sub>") && !strings.Contains(source, "does not fit here") {
		p.fault("it does not end with its foot, but with a %v", root.LastChild().Kind())
	}
	p.text = p.all.String()
	return &p.markdownPage
}

type markdownReader struct {
	markdownPage
	source  []byte
	options Options
	all     strings.Builder
	open    int
}

func (p *markdownReader) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// characters checks the text as programs see it that search in it.
func (p *markdownReader) characters(source string) {
	if !utf8.ValidString(source) || !strings.HasSuffix(source, "\n") {
		p.fault("it is not a text")
	}
	if strings.Contains(source, "<!--") {
		p.fault("there is a comment, which may be another program's marker")
	}
	before := ' '
	for _, r := range source {
		if hidden := unicode.IsControl(r) || unicode.In(r, unicode.Cf); hidden && r != '\n' && r != '\t' && (r != '\u200b' || before != '@') {
			p.fault("there is %q", r)
		}
		before = r
	}
	if m := regexp.MustCompile(`(^|[^0-9A-Za-z])@[0-9A-Za-z]+`).FindString(source); m != "" {
		p.fault("quoted in a reply by mail, this notifies someone: %q", m)
	}
}

var (
	allowedHTML = regexp.MustCompile(`^(?:<details><summary>((?:[^<>&]|&(?:amp|lt|gt|#34|#39);|<code>[^<>]*</code>)*)</summary>|</details>)\n$`)
	allowedTags = []string{"<sub>", "</sub>"}
	// linked matches what GitHub turns into a link, a mention or a picture.
	linked = regexp.MustCompile(`(?i)(?:^|\W)@\w|#\d|\bGH-\d|\b[A-Z]+-\d|://|\bwww\.|\bmailto:\S|\bxmpp:\S|\b[0-9a-f]{7,}\b|:[a-z0-9_+-]+:|\$.*\$|\S@\S`)
)

func (p *markdownReader) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		if n.Type() == ast.TypeBlock {
			p.all.WriteByte('\n')
		}
		return ast.WalkContinue, nil
	}
	switch n := n.(type) {
	case *ast.Text:
		p.plain(n)
	case *ast.CodeSpan, *ast.Document, *ast.Paragraph, *ast.Heading, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.Emphasis,
		*gfm.TableHeader, *gfm.TableRow, *gfm.TableCell:
	case *ast.FencedCodeBlock:
		p.all.Write(n.Lines().Value(p.source))
	case *ast.RawHTML:
		if tag := string(n.Segments.Value(p.source)); !slices.Contains(allowedTags, tag) {
			p.fault("the tag %s", tag)
		}
	case *ast.HTMLBlock:
		p.html(n)
	case *ast.Link:
		if to := string(n.Destination); to != p.options.RunURL && (p.options.SourceURL == "" || !strings.HasPrefix(to, p.options.SourceURL+"/")) || len(n.Title) > 0 {
			p.fault("a link to %s", to)
		}
	case *gfm.Table:
		p.tables = append(p.tables, p.table(n))
	default:
		p.fault("a %v: %q", n.Kind(), p.around(n))
	}
	return ast.WalkContinue, nil
}

func (p *markdownReader) around(n ast.Node) string {
	for n.Type() != ast.TypeBlock {
		n = n.Parent()
	}
	return string(n.Lines().Value(p.source))
}

// plain reads text inside or outside code.
func (p *markdownReader) plain(n *ast.Text) {
	value := string(n.Value(p.source))
	p.all.WriteString(value)
	if n.SoftLineBreak() {
		p.all.WriteByte(' ')
	}
	if n.HardLineBreak() {
		p.fault("a line is broken after %q", value)
	}
	if _, isCode := n.Parent().(*ast.CodeSpan); !isCode && linked.MatchString(value) {
		p.fault("GitHub turns %q into something", value)
	}
}

func (p *markdownReader) html(n *ast.HTMLBlock) {
	for line := range strings.Lines(string(n.Lines().Value(p.source))) {
		m := allowedHTML.FindStringSubmatch(line)
		switch {
		case m == nil:
			p.fault("HTML: %q", line)
		case line == "</details>\n":
			p.open--
		default:
			p.open, p.folded = p.open+1, p.folded+1
			p.all.WriteString(html.UnescapeString(regexp.MustCompile(`</?code>`).ReplaceAllString(m[1], "")))
			if outside := regexp.MustCompile(`<code>.*?</code>`).ReplaceAllString(m[1], ""); linked.MatchString(html.UnescapeString(outside)) {
				p.fault("GitHub turns %q into something", outside)
			}
		}
		if p.open < 0 {
			p.fault("details are closed that are not open")
		}
	}
}

// table reads the cells of a table.
func (p *markdownReader) table(n *gfm.Table) [][]string {
	var rows [][]string
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			var b strings.Builder
			_ = ast.Walk(cell, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				if t, ok := n.(*ast.Text); ok && entering {
					b.Write(t.Value(p.source))
				}
				return ast.WalkContinue, nil
			})
			cells = append(cells, asRead(b.String()))
		}
		rows = append(rows, cells)
	}
	return rows
}

// asRead returns a text as an eye sees it: without differences in spaces, and without what keeps
// GitHub from notifying people.
func asRead(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\u200b", ""), "<!--", "<! --")
	return strings.Join(strings.Fields(s), " ")
}
