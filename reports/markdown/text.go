package markdown

import (
	"html"
	"regexp"
	"strings"
)

// GitHub makes links of much that looks like plain text, and some of them send
// mail: @user, #12, owner/repo#12, GH-12, the hash of a commit, an address, an
// emoji's :name:. It looks for them after the markdown has been read, when a
// backslash or an entity is no longer to be seen, but not in code
// (https://github.com/github/markup/issues/1168). So a text of others is prose as
// far as it consists of ordinary words, and code in all else. Nothing has to be
// escaped then, and what a reader copies is what was there.

// piece is a stretch of a text: ordinary words, or code with the punctuation
// around it.
type piece struct {
	before, text, after string
	code                bool
}

// wordRE is one that nothing can take for anything else.
var wordRE = regexp.MustCompile(`^[("']*(?:[\pL\pM]+(?:['-][\pL\pM]+)*|[+±−–-]?[0-9]{1,6}(?:[.:][0-9]{1,6})*(?:[a-z]{1,2}|%)?)[)"']*[.,;:!?]?[)"']*$`)

// linkRE is what words may have that is more than a word: the hash of a commit, the
// beginning of an address.
var linkRE = regexp.MustCompile(`(?i)\b[0-9a-f]{7,}\b|www|(?:https?|ftp|mailto|xmpp)\b`)

func isPlain(s string) bool {
	switch s {
	case "→", "–", "…", "·", "±0":
		return true
	}
	return wordRE.MatchString(s) && !linkRE.MatchString(s)
}

// pieces takes one line apart.
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

// codeWord takes brackets and the end of a sentence off a word that is code.
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

// prose writes one line of others as markdown.
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

// proseHTML writes one line of others where markdown is not looked at, such as in
// a summary.
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

// code writes one line of others as code within a line.
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

// fenced writes lines of others as a block of code.
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

// quiesce breaks what acts in code, too. Who answers a comment by mail quotes it
// as plain text, and whoever it mentions then is called after all
// (https://github.com/dependabot/dependabot-core/pull/3157). Programs look for
// their own comments by the markers in them.
func quiesce(s string) string {
	if strings.Contains(s, "@") {
		s = mentionRE.ReplaceAllString(s, "$1@\u200b$2")
	}
	return strings.ReplaceAll(s, "<!--", "<! --")
}

// inCell writes markdown such that it stays within a cell of a table. The rule
// holds in code, too.
func inCell(markdown string) string { return strings.ReplaceAll(markdown, "|", `\|`) }

// longestRun is how many backticks there are side by side.
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
