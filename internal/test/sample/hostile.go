package sample

import (
	_ "embed"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/result"
)

//go:embed corpus.txt
var corpus string

// HostileTexts returns texts that have broken, or could break, some form of a report.
func HostileTexts(t testing.TB) []string {
	t.Helper()
	var texts []string
	for line := range strings.Lines(corpus) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("the corpus has a line that is not a quoted text: %s", line)
		}
		texts = append(texts, text)
	}
	return texts
}

// HostileReports returns reports by name that hold the text in every field. Reflection finds
// the fields, so new ones are included. In the report "every word" everything is hostile; the
// others reach the parts of a form that need a known status, kind or outcome.
func HostileReports(text string) map[string]result.Report {
	reports := map[string]result.Report{}
	add := func(name string, change func(*result.Report)) {
		var r result.Report
		fillIn(reflect.ValueOf(&r).Elem(), text)
		r.Schema = result.Schema
		if change != nil {
			change(&r)
		}
		reports[name] = r
	}
	known := func(r *result.Report, verdict result.Verdict, status result.Status, outcome result.Outcome) {
		r.Verdict, r.Base.Missing = verdict, ""
		for i := range r.Cells {
			c := &r.Cells[i]
			c.Kind = []result.Kind{result.KindNixOS, result.KindHome, result.KindVM}[i]
			c.Status, c.Base.Outcome, c.Base.Change, c.Base.Closure.Unknown = status, outcome, result.CellChanged, ""
			c.Phases[0].Name, c.Phases[0].Status = result.PhaseName{Kind: result.PhaseCheck, Subject: text}, status
		}
		for i := range r.Causes {
			r.Causes[i].Kind = []result.CauseKind{result.CauseBuild, result.CauseEval, result.CauseUnit}[i]
		}
	}
	add("every word", nil)
	add("failed", func(r *result.Report) { known(r, result.VerdictFailed, result.Failed, result.NewFailure) })
	add("already broken", func(r *result.Report) { known(r, result.VerdictFailed, result.DependencyFailed, result.AlreadyBroken) })
	add("skipped", func(r *result.Report) { known(r, result.VerdictPassed, result.Skipped, "") })
	add("evaluated", func(r *result.Report) {
		known(r, result.VerdictPassed, result.Passed, result.Fixed)
		for i := range r.Cells {
			r.Cells[i].How, r.Cells[i].Flaky = result.Evaluated, i == 0
			r.Cells[i].Base.Change = []result.Change{result.CellAdded, result.CellRemoved, result.CellUnknown}[i]
		}
	})
	add("not compared", func(r *result.Report) {
		known(r, result.VerdictFailed, result.TimedOut, "")
		r.Base.Missing = text
	})
	return reports
}

// fillIn fills v with a text. Lists of structs get three elements, other lists one.
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
		panic("fillIn does not know the kind " + v.Kind().String())
	}
}
