package live

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/safefile"
)

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}

// Limits on the bytes read from the end of a file, and on the length of a line.
const (
	maxFileBytes = 4 << 20
	longest      = 10_000
)

// tailOf reads the end of a log and cuts very long lines.
func tailOf(path string) ([]string, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, from, err := safefile.End(f, maxFileBytes)
	if err != nil {
		return nil, err
	}
	lines := split(string(text))
	if from > 0 && len(lines) > 1 {
		lines[0] = fmt.Sprintf("… (%d bytes left out)", from)
	}
	for i, l := range lines {
		if len(l) > 10*longest {
			lines[i] = clean.Shorten(l, longest) // a builder may write any bytes
		}
	}
	return lines, nil
}
