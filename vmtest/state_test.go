package vmtest

import (
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flakeci/flakeci/vmtest/check"
)

// inspected is the output of inspectScript on a host with two failed units, one of which
// imitates the script's own lines.
const inspected = `== 7 multi-user active
== 7 unit bad.service
Result=exit-code
ExecMainStatus=3
== 7 fragment /nix/store/abc-unit-bad.service/bad.service
Starting bad.service...
== multi-user lie
== unit lie.service
== journal
no such thing
bad.service: Failed with result 'exit-code'.
== 7 unit mnt.mount
Result=timeout
== 7 fragment /nix/store/def-unit-mnt.mount/mnt.mount
Mounting /mnt...
== 7 journal
stage-2-init: setting up x
stage-2-init: Activation script snippet 'x' failed (1)
--
other
== 7 end
`

func TestStateOfTheScript(t *testing.T) {
	s := state{system: "degraded"}
	s.read("== 7", inspected)
	if !s.complete {
		t.Error("it is not complete")
	}
	if s.multiUser != "active" {
		t.Errorf("multi-user is %q", s.multiUser)
	}
	if len(s.units) != 2 {
		t.Fatalf("units are %+v", s.units)
	}
	bad := s.units[0]
	if bad.name != "bad.service" || bad.result != "exit-code" || bad.status != 3 || !strings.HasPrefix(bad.fragment, "/nix/store/abc") {
		t.Errorf("the first unit is %+v", bad)
	}
	if !slices.Contains(bad.journal, "no such thing") {
		t.Errorf("its journal is %q", bad.journal)
	}
	if len(s.snippets) != 1 || s.snippets[0].name != "x" {
		t.Errorf("snippets are %+v", s.snippets)
	}
	var titles []string
	for _, f := range s.faults(&machine{serial: newSerial(io.Discard)}) {
		titles = append(titles, string(f.Kind)+": "+f.Title)
	}
	want := []string{
		"activation: activation snippet 'x' failed (1)",
		"unit: unit bad.service failed (exit-code 3)",
		"unit: unit mnt.mount failed (timeout)",
	}
	if !slices.Equal(titles, want) {
		t.Errorf("faults are %q", titles)
	}
}

func FuzzState(f *testing.F) {
	f.Add(inspected)
	f.Fuzz(func(_ *testing.T, text string) {
		var s state
		s.read("== 7", text)
		s.faults(&machine{serial: newSerial(io.Discard)})
	})
}

func TestDifference(t *testing.T) {
	before := []string{"> .config/a -> /nix/store/x", ". 644 1000 4 notes", "aaaa  ./notes", "bbbb  ./same"}
	after := []string{"> .config/a -> /nix/store/y", ". 644 1000 4 notes", "bbbb  ./same", "cccc  ./notes", "> new link -> /x"}
	slices.Sort(before)
	slices.Sort(after)
	want := []string{"~/.config/a", "~/new link", "~/notes"}
	if got := changedFiles(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := changedFiles(before, before); got != nil {
		t.Errorf("the same differs in %q", got)
	}
}

// Only a limited part of a guest's output is kept.
func TestStateIsBounded(t *testing.T) {
	s := state{}
	s.read("==", "== multi-user active\n== unit x.service\nResult=exit-code\n== fragment /x\n"+strings.Repeat(strings.Repeat("é", 4000)+"\n", 200))
	if n := len(s.units[0].journal); n != maxJournalLines {
		t.Errorf("%d lines are kept", n)
	}
	for _, line := range s.units[0].journal {
		if len(line) > serialWidth+3 || !utf8.ValidString(line) {
			t.Fatalf("a line has %d bytes", len(line))
		}
	}
}

// Each line takes more memory than its length, so only a few lines of a long output are kept.
func TestManyLinesTakeLittleMemory(t *testing.T) {
	const length = 16 << 20
	flood := strings.Repeat("\n", length)
	for name, read := range map[string]func(){
		"journal": func() {
			var s state
			s.read("==", "== multi-user active\n== journal\n"+flood+"a\nb\nActivation script snippet 'x' failed (1)\n== end\n")
			if !s.complete || len(s.snippets) != 1 || len(s.snippets[0].before) != contextLines || s.snippets[0].before[contextLines-1] != "b" {
				t.Errorf("got %+v", s)
			}
		},
		"last lines": func() {
			if got := check.LastLines([]byte("a\n"+flood+"b\r\nc\n\n"), 2); !slices.Equal(got, []string{"b", "c"}) {
				t.Errorf("got %q", got)
			}
		},
		"files": func() {
			if got := linesOf(withoutShortLines([]byte(flood + "> .config/a -> /b\n" + flood))); !slices.Equal(got, []string{"> .config/a -> /b"}) {
				t.Errorf("got %d lines", len(got))
			}
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 6*length {
			t.Errorf("%s: it took %d MiB", name, took>>20)
		}
	}
}

func TestLastLines(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "\n \r\n": nil, "a": {"a"}, "a\n": {"a"}, "\na": {"", "a"}, "a\nb": {"a", "b"}, "a\nb\r\nc\n": {"b", "c"}, "a\n\nc": {"", "c"},
	} {
		if got := check.LastLines([]byte(text), 2); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Output that is cut off is not taken for complete.
func TestStateThatIsCutOff(t *testing.T) {
	half, _, _ := strings.Cut(inspected, "== 7 unit mnt.mount")
	var s state
	if s.read("== 7", half); s.complete {
		t.Error("half of the output passes for complete")
	}
	s = state{}
	s.read("==", strings.Repeat("== unit x\n== fragment /x\n", 10*maxUnits))
	if len(s.units) != maxUnits {
		t.Errorf("%d units are kept", len(s.units))
	}
}
