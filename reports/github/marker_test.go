package github

import (
	"strings"
	"testing"
)

func TestMarker(t *testing.T) {
	m := marker{what: "report", key: "ci/build --> <b>\n", run: 12, attempt: 2, leg: leg{"0a-->", "x"}, state: "a b-->"}
	line := m.String()
	if strings.Count(line, "-->") != 1 || !strings.HasSuffix(line, " -->") || strings.Contains(line, "\n") {
		t.Errorf("the marker is %q", line)
	}
	got, found := m.read(line + "\nthe rest")
	if !found || got != m {
		t.Errorf("read back as %+v", got)
	}
	for name, body := range map[string]string{
		"another job":  marker{what: "report", key: "ci/build"}.String(),
		"another kind": marker{what: "nightly", key: m.key}.String(),
		"quoted":       "> " + line,
		"further down": "see\n" + line,
		"none":         "",
	} {
		if _, found := m.read(body); found {
			t.Errorf("%s: %q is taken for our own", name, body)
		}
	}
}

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		run, attempt int64
		newer        bool
	}{{13, 1, true}, {12, 3, true}, {12, 2, true}, {12, 1, false}, {11, 9, false}} {
		if got := (marker{run: c.run, attempt: c.attempt}).newer(marker{run: 12, attempt: 2}); got != c.newer {
			t.Errorf("%d.%d newer than 12.2: %v", c.run, c.attempt, got)
		}
	}
}

func FuzzMarker(f *testing.F) {
	f.Add("ci/build", "x")
	f.Add("--><script>", "--")
	f.Fuzz(func(t *testing.T, key, state string) {
		m := marker{what: "report", key: key, run: 1, attempt: 1, state: state}
		line := m.String()
		if strings.Count(line, "--") != 2 || strings.Contains(line, "\n") {
			t.Errorf("%q ends early", line)
		}
		if got, found := m.read(line); !found || got != m {
			t.Errorf("%q is read as %+v", line, got)
		}
	})
}
