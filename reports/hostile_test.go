package reports

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/sample"
)

func TestEverySinkTakesHostileTexts(t *testing.T) {
	t.Parallel()
	lanes.Heavy(t, "takes some seconds")
	texts := sample.HostileTexts(t)
	if len(texts) < 100 {
		t.Fatalf("the corpus has only %d texts", len(texts))
	}
	texts = append(texts, strings.Join(texts, "\n"))
	for i, text := range texts {
		for k, name := range hostileKinds() {
			// One after the other meets each kind of place: all of them with all
			// take a minute.
			if name != "every word" && k%3 != i%3 {
				continue
			}
			if checkEverySink(t, sample.HostileReports(text)[name]); t.Failed() {
				t.Fatalf("%s: %q", name, text)
			}
		}
	}
}

// hostileKinds are the names of hostile reports.
func hostileKinds() []string {
	return slices.Sorted(maps.Keys(sample.HostileReports("")))
}

// A log without end must not take memory or time without end, nor come out so.
func TestEverySinkTakesLogsOfTenMegabytes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"@everyone `x` <!-- ", "::error::\n", "\x1b]8;;"} {
		r := readInput(t, "base")
		long := strings.Repeat(text, 10<<20/len(text))
		r.Causes[0].LogTail, r.Causes[1].Title = long, long
		began := time.Now()
		for name, write := range sinks() {
			var out bytes.Buffer
			if err := write(&out, r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if out.Len() > 400_000 {
				t.Errorf("%s of %q without end has %d bytes", name, text, out.Len())
			}
		}
		// It is a tenth of this, but for the race detector beside other tests.
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%q took %v", text, took)
		}
	}
}
