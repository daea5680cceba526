package terminal

import (
	"bytes"
	"os"
	"testing"
)

func noVariables(string) string { return "" }

func TestStyleOfWhatIsNoTerminal(t *testing.T) {
	for when, color := range map[string]bool{"auto": false, "always": true, "never": false} {
		if got := StyleOf(new(bytes.Buffer), when, noVariables); got != (Style{Color: color}) {
			t.Errorf("--color %s: got %+v", when, got)
		}
	}
}

func TestFindWithoutTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, ok := Find(null, null, func(string) string { return "xterm" }); ok {
		t.Error("/dev/null is a terminal")
	}
	if _, ok := Find(new(bytes.Buffer), new(bytes.Buffer), func(string) string { return "xterm" }); ok {
		t.Error("a buffer is a terminal")
	}
}
