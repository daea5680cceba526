package reports

import (
	"bytes"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// hostileTexts reads the corpus.
func hostileTexts(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/hostile/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("the corpus has a line that is no quoted text: %s", line)
		}
		texts = append(texts, text)
	}
	return texts
}

// hostileReports have a text in every place that there is for one, also in those
// that are yet to be invented: the places are found by reflection. In the first
// report every word is hostile; the others come to the parts of a sink that only a
// known status, kind or outcome leads to.
func hostileReports(text string) map[string]Report {
	reports := map[string]Report{}
	add := func(name string, change func(*Report)) {
		var r Report
		fillIn(reflect.ValueOf(&r).Elem(), text)
		r.Schema = Schema
		if change != nil {
			change(&r)
		}
		reports[name] = r
	}
	known := func(r *Report, verdict Verdict, status result.Status, outcome result.Outcome) {
		r.Verdict, r.Base.Missing = verdict, ""
		for i := range r.Cells {
			c := &r.Cells[i]
			c.Kind = []string{"nixos", "home", "vm"}[i]
			c.Status, c.Base.Outcome, c.Base.Change, c.Base.Closure.Unknown = status, outcome, result.CellChanged, ""
			c.Phases[0].Name, c.Phases[0].Status = "check: "+text, status
		}
		for i := range r.Causes {
			r.Causes[i].Kind = []result.CauseKind{result.CauseBuild, result.CauseEval, result.CauseUnit}[i]
		}
	}
	add("every word", nil)
	add("failed", func(r *Report) { known(r, VerdictFailed, result.Failed, result.NewFailure) })
	add("already broken", func(r *Report) { known(r, VerdictFailed, result.DependencyFailed, result.AlreadyBroken) })
	add("skipped", func(r *Report) { known(r, VerdictPassed, result.Skipped, "") })
	add("evaluated", func(r *Report) {
		known(r, VerdictPassed, result.Passed, result.Fixed)
		for i := range r.Cells {
			r.Cells[i].How, r.Cells[i].Flaky = result.Evaluated, i == 0
			r.Cells[i].Base.Change = []result.Change{result.CellAdded, result.CellRemoved, result.CellUnknown}[i]
		}
	})
	add("not compared", func(r *Report) {
		known(r, VerdictFailed, result.TimedOut, "")
		r.Base.Missing = text
	})
	return reports
}

// fillIn fills everything that v holds, lists of more than words with three.
func fillIn(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIn(v.Elem(), text)
	case reflect.Slice:
		n := 1
		if v.Type().Elem().Kind() == reflect.Struct {
			n = 3
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range v.Len() {
			fillIn(v.Index(i), text)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{text: text}))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1773480413, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fillIn(v.Field(i), text)
		}
	default:
		panic("a report holds " + v.Kind().String() + ", which hostile texts do not know")
	}
}

func TestEverySinkTakesHostileTexts(t *testing.T) {
	t.Parallel()
	lanes.Heavy(t, "takes some seconds")
	texts := hostileTexts(t)
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
			if checkEverySink(t, hostileReports(text)[name]); t.Failed() {
				t.Fatalf("%s: %q", name, text)
			}
		}
	}
}

// hostileKinds are the names of hostile reports.
func hostileKinds() []string {
	return slices.Sorted(maps.Keys(hostileReports("")))
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
