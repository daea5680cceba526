package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/runner/event"
)

func TestRing(t *testing.T) {
	var r ring
	for i := range 10 * mostLines {
		r.add(fmt.Sprint(i))
		if n := r.end() - r.dropped; n > mostLines || len(r.lines) > 3*mostLines {
			t.Fatalf("%d lines are kept in %d", n, len(r.lines))
		}
	}
	for i := r.dropped; i < r.end(); i++ {
		if r.at(i) != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, r.at(i))
		}
	}
	if r.dropped != 9*mostLines || r.last() != fmt.Sprint(10*mostLines-1) {
		t.Errorf("dropped %d, last %q", r.dropped, r.last())
	}
}

func TestRingIsBounded(t *testing.T) {
	var r ring
	r.add(strings.Repeat("ü", 5<<20))
	if got := r.last(); len(got) > longest+50 || !strings.HasSuffix(got, "bytes left out)") || strings.ToValidUTF8(got, "") != got {
		t.Errorf("a long line is %q", got)
	}
	for range 10 * mostLines {
		r.add(strings.Repeat("x", longest))
	}
	kept := 0
	for i := r.dropped; i < r.end(); i++ {
		kept += len(r.at(i))
	}
	if kept > mostBytes || kept < mostBytes/2 {
		t.Errorf("%d bytes are kept", kept)
	}
	r.add("")
	r.add("  ")
	if r.last() == "" || r.last() == "  " {
		t.Error("the last line is an empty one")
	}
}

// A hundred megabytes go through a board while somebody looks at them.
func TestFlood(t *testing.T) {
	p := fleet(t)
	line := strings.Repeat("x", 99)
	began := time.Now()
	for i := range 1_000_000 {
		p.send(event.Line{Drv: frob, Text: line})
		if i%10_000 == 0 {
			p.model.View()
		}
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	} else {
		t.Logf("took %v", took)
	}
}
