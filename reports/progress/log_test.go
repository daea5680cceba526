package progress

import (
	"fmt"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	var l Log
	for i := range 10 * maxLines {
		l.add(fmt.Sprint(i))
		if n := l.End() - l.dropped; n > maxLines || len(l.lines) > 3*maxLines {
			t.Fatalf("%d lines are kept in %d", n, len(l.lines))
		}
	}
	for i := l.dropped; i < l.End(); i++ {
		if l.Line(i) != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, l.Line(i))
		}
	}
	if l.dropped != 9*maxLines || l.Last() != fmt.Sprint(10*maxLines-1) {
		t.Errorf("dropped %d, last %q", l.dropped, l.Last())
	}
}

func TestLogIsBounded(t *testing.T) {
	var l Log
	l.add(strings.Repeat("ü", 5<<20))
	if got := l.Last(); len(got) > maxLine+50 || !strings.HasSuffix(got, "bytes left out)") || strings.ToValidUTF8(got, "") != got {
		t.Errorf("a long line is %q", got)
	}
	for range 10 * maxLines {
		l.add(strings.Repeat("x", maxLine))
	}
	kept := 0
	for i := l.dropped; i < l.End(); i++ {
		kept += len(l.Line(i))
	}
	if kept > maxBytes || kept < maxBytes/2 {
		t.Errorf("%d bytes are kept", kept)
	}
	l.add("")
	l.add("  ")
	if l.Last() == "" || l.Last() == "  " {
		t.Error("the last line is an empty one")
	}
}
