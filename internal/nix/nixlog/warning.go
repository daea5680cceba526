package nixlog

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/result"
)

// Limits on the warnings of one cell: how many different ones, and bytes of each.
const (
	maxWarnings    = 100
	maxWarningText = 4 << 10
)

// Warnings are the flake's warnings during the evaluation of a cell, each once.
type Warnings []result.Warning

// Add adds a line if it is a new warning of the flake, and reports whether it is. It ignores Nix's
// own warnings.
func (w *Warnings) Add(line []byte, t flaketree.Tree) bool {
	text, ok := warning(line)
	if !ok || len(*w) == maxWarnings {
		return false
	}
	one := result.Warning{Text: clean.Shorten(t.Shorten(text), maxWarningText)}
	if slices.ContainsFunc(*w, func(o result.Warning) bool { return o.Text == one.Text }) {
		return false
	}
	one.Location = namedIn(t, text).OrNil()
	*w = append(*w, one)
	return true
}

func warning(line []byte) (text string, ok bool) {
	if !bytes.Contains(line, []byte("warning:")) {
		return "", false
	}
	r, ok := parseRecord(line)
	if !ok || r.Action != "msg" {
		return "", false
	}
	msg, traced := strings.CutPrefix(stripSGR(r.Msg), "trace: ")
	text, ok = strings.CutPrefix(msg, "evaluation warning:")
	if !ok && traced { // lib.warn of nixpkgs before 24.05
		text, ok = strings.CutPrefix(msg, "warning:")
	}
	if r.RawMsg != "" { // not indented
		text = stripSGR(r.RawMsg)
	}
	return strings.TrimSpace(text), ok
}

// quotedRE finds what a message quotes; the module system quotes files: "The option `a' defined in
// `FILE' has been renamed to `b'".
var quotedRE = regexp.MustCompile("[`'\"]([^`'\"\\s]+)['\"]")

// namedIn returns the first file of the flake that a message names in full, with the line where it
// sets the option that is named before it, or else the only line of the flake that has the text.
func namedIn(t flaketree.Tree, text string) result.Location {
	option := ""
	for _, m := range quotedRE.FindAllStringSubmatch(text, 20) {
		if !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "«") {
			option = m[1] // or a name that may be a file's by chance
			continue
		}
		if file, ok := t.Module(m[1]); ok {
			return t.PlaceOfAttribute(file, option)
		}
	}
	if found := t.Texts(text); len(found) == 1 { // a warning of the flake's own
		return found[0]
	}
	return result.Location{}
}
