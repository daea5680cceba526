package expr

import (
	"strings"
	"testing"
)

// Nix reads a quoted string as one literal, with the same value.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{`a"b`, "${x}", "$${x}", "$", `a\b`, "a\nb\r\t", `\${`, "''", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		literal := Quote(s)
		inner := strings.TrimSuffix(strings.TrimPrefix(literal, `"`), `"`)
		var b strings.Builder
		for i := 0; i < len(inner); i++ {
			switch c := inner[i]; {
			case c == '\\' && i+1 < len(inner):
				i++
				b.WriteString(strings.NewReplacer("n", "\n", "r", "\r", "t", "\t").Replace(inner[i : i+1]))
			case c == '"', c == '\\', c == '\r', strings.HasPrefix(inner[i:], "${"):
				t.Fatalf("%q ends or is evaluated within %s", s, literal)
			default:
				b.WriteByte(c)
			}
		}
		if b.String() != s || len(inner) != len(literal)-2 {
			t.Errorf("%q is read as %q", s, b.String())
		}
	})
}
