package markdown

import (
	"html"
	"regexp"
	"strings"
)

// GitHub turns much plain text into links, some of which send mail: @user, #12,
// owner/repo#12, GH-12, the hash of a commit, an address, an emoji's :name:. It looks for
// them after it has parsed the markdown, when backslashes and entities are gone, but not in
// code (https://github.com/github/markup/issues/1168). So the ordinary words of a foreign
// text become prose, and everything else becomes code. Nothing needs escaping then, and
// readers copy exactly what was there.

// piece is a piece of a text: ordinary words, or code with the punctuation around it.
type piece struct {
	before, text, after string
	code                bool
}

// wordRE matches a word that no program takes for anything else.
var wordRE = regexp.MustCompile(`^[("']*(?:[\pL\pM]+(?:['-][\pL\pM]+)*|[+±−–-]?[0-9]{1,6}(?:[.:][0-9]{1,6})*(?:[a-z]{1,2}|%)?)[)"']*[.,;:!?]?[)"']*$`)

// linkRE matches what makes a word more than a word: the hash of a commit, the beginning of an
// address.
var linkRE = regexp.MustCompile(`(?i)\b[0-9a-f]{7,}\b|www|(?:https?|ftp|mailto|xmpp)\b`)

// isPlain reports whether a word can be prose.
func isPlain(s string) bool {
	switch s {
	case "→", "–", "…", "·", "±0":
		return true
	}
	return wordRE.MatchString(s) && !linkRE.MatchString(s)
}

// pieces splits a line.
func pieces(s string) []piece {
	var list []piece
	for _, w := range strings.Fields(s) {
		p := piece{text: w}
		if !isPlain(w) {
			p = codeWord(w)
		}
		last := len(list) - 1
		if last >= 0 && list[last].code == p.code && list[last].after == "" && p.before == "" {
			list[last].text += " " + p.text
			list[last].after = p.after
			continue
		}
		list = append(list, p)
	}
	return list
}

// codeWord makes code of a word, apart from brackets and the punctuation at its end.
func codeWord(w string) piece {
	p := piece{text: w, code: true}
	if rest := strings.TrimRight(p.text, ".,;:!?"); rest != "" {
		p.text, p.after = rest, p.text[len(rest):]
	}
	if rest, found := strings.CutPrefix(p.text, "("); found && strings.Trim(rest, "()") != "" {
		p.before, p.text = "(", rest
		if rest, found := strings.CutSuffix(rest, ")"); found {
			p.text, p.after = rest, ")"+p.after
		}
	} else if rest, found := strings.CutSuffix(p.text, ")"); found && rest != "" && !strings.Contains(rest, "(") {
		p.text, p.after = rest, ")"+p.after
	}
	return p
}

// prose writes a foreign line as markdown.
func prose(s string) string {
	var words []string
	for _, p := range pieces(s) {
		if p.code {
			p.text = code(p.text)
		}
		words = append(words, p.before+p.text+p.after)
	}
	return strings.Join(words, " ")
}

// proseHTML writes a foreign line where GitHub does not parse markdown, such as in a summary
// element.
func proseHTML(s string) string {
	var words []string
	for _, p := range pieces(s) {
		text := html.EscapeString(quiesce(p.text))
		if p.code {
			text = "<code>" + text + "</code>"
		}
		words = append(words, html.EscapeString(p.before)+text+p.after)
	}
	return strings.Join(words, " ")
}

// code writes a foreign line as code within a line.
func code(s string) string {
	s = quiesce(s)
	if s == "" {
		return "–"
	}
	quote := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return quote + s + quote
}

// fenced writes foreign lines as a block of code.
func fenced(info string, lines []string) []string {
	fence := "```"
	block := make([]string, 0, len(lines)+2)
	block = append(block, "")
	for _, line := range lines {
		line = quiesce(line)
		if n := longestRun(line); n >= len(fence) {
			fence = strings.Repeat("`", n+1)
		}
		block = append(block, line)
	}
	block[0] = fence + info
	return append(block, fence)
}

var mentionRE = regexp.MustCompile(`(^|[^0-9A-Za-z])@([0-9A-Za-z])`)

// quiesce breaks what acts even in code: mentions, and comments in HTML. A reply by mail
// quotes code as plain text and then notifies everyone mentioned
// (https://github.com/dependabot/dependabot-core/pull/3157). Programs find their own comments
// by markers in HTML.
func quiesce(s string) string {
	if strings.Contains(s, "@") {
		s = mentionRE.ReplaceAllString(s, "$1@\u200b$2")
	}
	return strings.ReplaceAll(s, "<!--", "<! --")
}

// inCell escapes markdown for a cell of a table, where a bar needs escaping even in code.
func inCell(markdown string) string { return strings.ReplaceAll(markdown, "|", `\|`) }

// longestRun returns the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
