package diagnose

import (
	"strings"
	"testing"
)

func TestFirstLine(t *testing.T) {
	long := strings.Repeat("ü", 300)
	for in, want := range map[string]string{
		"":             "",
		"\n\n a \nb":   "a",
		long:           strings.Repeat("ü", 159) + "…",
		"one":          "one",
		"\r\n  x\r\ny": "x",
	} {
		if got := firstLine(in); got != want {
			t.Errorf("firstLine(%.20q) = %q, want %q", in, got, want)
		}
	}
}
