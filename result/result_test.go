package result_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

var statuses = []result.Status{
	result.Passed, result.Failed, result.DependencyFailed, result.TimedOut, result.Error, result.Canceled, result.Skipped, "", "of a newer flakeci",
}

func TestStatus(t *testing.T) {
	for s, want := range map[result.Status]struct{ ok, blamesFlake, needsAttention bool }{
		result.Passed:           {true, false, false},
		result.Failed:           {false, true, true},
		result.DependencyFailed: {false, true, true},
		result.TimedOut:         {false, true, true},
		result.Error:            {false, false, true},
		result.Canceled:         {false, false, false},
		result.Skipped:          {true, false, false},
		"":                      {false, false, false},
		"of a newer flakeci":    {false, false, true},
	} {
		if s.OK() != want.ok || s.BlamesFlake() != want.blamesFlake || s.NeedsAttention() != want.needsAttention {
			t.Errorf("%q: ok %t, blames the flake %t, needs attention %t", s, s.OK(), s.BlamesFlake(), s.NeedsAttention())
		}
	}
}

// Whatever needs attention is worse than whatever does not, and what blames the flake is
// worse than an error.
func TestSeverity(t *testing.T) {
	rank := func(s result.Status) int {
		switch {
		case s.BlamesFlake():
			return 2
		case s.NeedsAttention():
			return 1
		}
		return 0
	}
	for _, a := range statuses {
		for _, b := range statuses {
			if rank(a) < rank(b) && a.Severity() >= b.Severity() {
				t.Errorf("%q is not less severe than %q", a, b)
			}
		}
	}
}

func TestCauseKindStatus(t *testing.T) {
	want := map[result.Status][]result.CauseKind{
		result.Failed: {
			result.CauseEval, result.CauseBuild, result.CauseHash, result.CauseBoot, result.CausePanic, result.CauseEmergency,
			result.CauseHang, result.CauseAgent, result.CauseUnit, result.CauseActivation, result.CauseCheck,
		},
		result.TimedOut: {result.CauseTimeout},
	}
	for _, k := range kinds(t) {
		status := result.Error
		for s, of := range want {
			if slices.Contains(of, k) {
				status = s
			}
		}
		if k.Status() != status {
			t.Errorf("%s is %s, want %s", k, k.Status(), status)
		}
	}
}

// kinds lists the kinds of cause that cause.go defines.
func kinds(t *testing.T) []result.CauseKind {
	t.Helper()
	code, err := os.ReadFile("cause.go")
	if err != nil {
		t.Fatal(err)
	}
	var list []result.CauseKind
	for _, m := range regexp.MustCompile(`CauseKind = "([a-z-]+)"`).FindAllStringSubmatch(string(code), -1) {
		list = append(list, result.CauseKind(m[1]))
	}
	if len(list) < 22 {
		t.Fatalf("only %d kinds: %v", len(list), list)
	}
	return list
}

// docs/causes.md says for every kind whose fault it is.
func TestCauseKindsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/causes.md")
	if err != nil {
		t.Fatal(err)
	}
	whose := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\| .*? \\| (\\w+) \\|").FindAllStringSubmatch(string(doc), -1) {
		for kind := range strings.SplitSeq(row[1], ", ") {
			whose[strings.Trim(kind, "`")] = row[2]
		}
	}
	for _, k := range kinds(t) {
		want := "machine"
		if k.Status().BlamesFlake() {
			want = "flake"
		}
		if whose[string(k)] != want {
			t.Errorf("docs/causes.md says that %s is the fault of %q, want %q", k, whose[string(k)], want)
		}
	}
}
