package matrix

import (
	"slices"
	"strings"
	"testing"
)

func TestQuoteAttr(t *testing.T) {
	tests := []struct {
		path []string
		want string
	}{
		{nil, ""},
		{[]string{"a", "b-c", "d'", "_e1"}, "a.b-c.d'._e1"},
		{[]string{"homeConfigurations", "joachim@reason"}, `homeConfigurations."joachim@reason"`},
		{[]string{"a.b"}, `"a.b"`},
		{[]string{"a", "", "b"}, `a."".b`},
		{[]string{"1a"}, `"1a"`},
		{[]string{"-a"}, `"-a"`},
		{[]string{"a b"}, `"a b"`},
		{[]string{"jürgen"}, `"jürgen"`},
		{[]string{"with", "or"}, `"with"."or"`},
		{[]string{`say "hi"`}, `"say \"hi\""`},
		{[]string{`back\slash`}, `"back\\slash"`},
		{[]string{"${x}"}, `"\${x}"`},
		{[]string{"$${x}"}, `"$\${x}"`},
		{[]string{"a$b$"}, `"a$b$"`},
		{[]string{"a\nb\rc\td"}, `"a\nb\rc\td"`},
	}
	for _, tt := range tests {
		if got := quoteAttr(tt.path); got != tt.want {
			t.Errorf("%q gives %s, want %s", tt.path, got, tt.want)
		}
	}
}

// readAttr reads an attribute path as Nix's lexer would. It returns false for a malformed path or
// an interpolation.
func readAttr(text string) (path []string, ok bool) {
	for text != "" {
		if len(path) > 0 {
			if text[0] != '.' {
				return nil, false
			}
			text = text[1:]
		}
		var name string
		if name, text, ok = readName(text); !ok {
			return nil, false
		}
		path = append(path, name)
	}
	return path, true
}

func readName(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		i := strings.IndexAny(text, `."`)
		if i < 0 {
			i = len(text)
		}
		return text[:i], text[i:], i > 0
	}
	unescape := map[byte]string{'n': "\n", 'r': "\r", 't': "\t"}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return name, text[i+1:], true
		case text[i] == '\\' && i+1 < len(text):
			i++
			if special, found := unescape[text[i]]; found {
				name += special
			} else {
				name += text[i : i+1]
			}
		case strings.HasPrefix(text[i:], "${"), text[i] == '\r':
			return "", "", false
		default:
			name += text[i : i+1]
		}
	}
	return "", "", false
}

func FuzzQuoteAttr(f *testing.F) {
	for _, name := range oddNames() {
		f.Add(name, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, path := range [][]string{{a}, {a, b}, {"x", a, b, "y"}} {
			quoted := quoteAttr(path)
			if got, ok := readAttr(quoted); !ok || !slices.Equal(got, path) {
				t.Errorf("%q is quoted as %s and read as %q", path, quoted, got)
			}
		}
	})
}

func TestEscapeID(t *testing.T) {
	tests := map[string]string{
		"joachim@reason": "joachim@reason",
		"":               "",
		"a b.c\"ü":       "a b.c\"ü",
		"a/b":            "a%2Fb",
		"a%2Fb":          "a%252Fb",
		"100%":           "100%",
		"%zz":            "%zz",
		"a\nb\x00":       "a%0Ab%00",
		"\u0085":         "%C2%85",
		"\xff":           "%FF",
		"\uFFFD":         "\uFFFD",
	}
	for name, want := range tests {
		if got := escapeID(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

// Two names never look the same, since each can be read back.
func FuzzEscapeID(f *testing.F) {
	for _, name := range oddNames() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := escapeID(name)
		if back := unescapeID(id); back != name {
			t.Errorf("%q is written %q, which reads %q", name, id, back)
		}
		if strings.ContainsAny(id, "/\n\r\x00") {
			t.Errorf("%q is written %q", name, id)
		}
	})
}
