package proc

import (
	"bytes"
	"strings"
	"testing"
)

// split splits a text that comes in pieces of a size.
func split(text string, limit, size int) []string {
	var got []string
	l := lines{max: limit, on: func(line []byte) { got = append(got, string(line)) }}
	for len(text) > 0 {
		n := min(size, len(text))
		l.write([]byte(text[:n]))
		text = text[n:]
	}
	l.flush()
	return got
}

func TestLines(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"one", "a\n", "a"},
		{"no newline", "a", "a"},
		{"blank lines", "\n\na\n", "||a"},
		{"just fits", "12345\n", "12345"},
		{"one too many", "123456\nb\n", "12345" + CutMark + "|b"},
		{"cut at the end", "123456", "12345" + CutMark},
		{"carriage return", "a\r\n", "a\r"},
		{"any bytes", "\x00\xff\n", "\x00\xff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for size := 1; size < 9; size++ {
				if got := strings.Join(split(tt.text, 5, size), "|"); got != tt.want {
					t.Errorf("in pieces of %d: got %q, want %q", size, got, tt.want)
				}
			}
		})
	}
}

func TestLinesLimitMemory(t *testing.T) {
	l := lines{max: 100 << 10, on: func([]byte) {}}
	for range 1000 {
		l.write(bytes.Repeat([]byte("x"), 10<<10))
	}
	if len(l.part) > l.max {
		t.Errorf("holds %d bytes of a long line", len(l.part))
	}
	l.write([]byte("\n"))
	if cap(l.part) > defaultMaxLine {
		t.Errorf("holds %d bytes after it", cap(l.part))
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb", 3, 2)
	f.Add("\n\n", 1, 1)
	f.Fuzz(func(t *testing.T, text string, limit, size int) {
		if limit < 1 || size < 1 {
			t.Skip()
		}
		got := split(text, limit, size)
		want := strings.Split(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		for i := range want {
			if len(want[i]) > limit {
				want[i] = want[i][:limit] + CutMark
			}
			if got[i] != want[i] {
				t.Errorf("line %d is %q, want %q", i, got[i], want[i])
			}
		}
	})
}

func TestPlain(t *testing.T) {
	tests := map[string]string{
		"":                                     "",
		"  a\tb \r":                            "a b",
		"\x1b[31;1merror:\x1b[0m x":            "error: x",
		"\x1b]8;;http://a\x1b\\link\x1b]8;;\a": "link",
		"\x1b]0;title":                         "",
		"a\x00\x07b\u202ec":                    "abc",
		"\xff\xfea":                            "�a",
		"umläut":                               "umläut",
		"\x1b(Bx\x1b":                          "x",
	}
	for in, want := range tests {
		if got := plain([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestLastLine(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none", "\n \n", ""},
		{"last", "a\nb\n\n", "b"},
		{"an error wins", "error: first\nERROR: second\nhint\n", "ERROR: second"},
		{"colours first", "\x1b[31mfatal: x\nb", "fatal: x"},
		{"not in the middle", "an error: x\nb", "b"},
		{"long", strings.Repeat("x", 5000), strings.Repeat("x", lastBytes)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l lastLine
			for line := range strings.SplitSeq(tt.text, "\n") {
				l.add([]byte(line))
			}
			if got := l.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
