package vmtest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What inspectScript prints on a host with two units that failed, one of which
// prints what looks like the script's own words.
const inspected = `== multi-user active
== unit bad.service
Result=exit-code
ExecMainStatus=3
FragmentPath=/etc/systemd/system/bad.service
== fragment /nix/store/abc-unit-bad.service/bad.service
Starting bad.service...
== multi-user lie
no such thing
bad.service: Failed with result 'exit-code'.
== unit mnt.mount
Result=timeout
FragmentPath=/etc/systemd/system/mnt.mount
== fragment /nix/store/def-unit-mnt.mount/mnt.mount
Mounting /mnt...
== journal
stage-2-init: setting up x
stage-2-init: Activation script snippet 'x' failed (1)
--
other
`

func TestStateOfTheScript(t *testing.T) {
	s := state{system: "degraded"}
	s.read(inspected)
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
		s.read(text)
		s.faults(&machine{serial: newSerial(io.Discard)})
	})
}

func TestDifference(t *testing.T) {
	before := []string{"> .config/a -> /nix/store/x", ". 644 1000 4 notes", "aaaa  ./notes", "bbbb  ./same"}
	after := []string{"> .config/a -> /nix/store/y", ". 644 1000 4 notes", "bbbb  ./same", "cccc  ./notes", "> new link -> /x"}
	slices.Sort(before)
	slices.Sort(after)
	want := []string{"~/.config/a", "~/new link", "~/notes"}
	if got := difference(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := difference(before, before); got != nil {
		t.Errorf("the same differs in %q", got)
	}
}

// A guest may print as much as it likes, but not all of it is kept.
func TestStateIsBounded(t *testing.T) {
	s := state{}
	s.read("== multi-user active\n== unit x.service\nResult=exit-code\n== fragment /x\n" + strings.Repeat(strings.Repeat("é", 4000)+"\n", 200))
	if n := len(s.units[0].journal); n != mostJournalLines {
		t.Errorf("%d lines are kept", n)
	}
	for _, line := range s.units[0].journal {
		if len(line) > serialWidth+3 || !utf8.ValidString(line) {
			t.Fatalf("a line has %d bytes", len(line))
		}
	}
}

// The answers come from the guest, whose agent need not be the real one.
func TestStateHasFewFaults(t *testing.T) {
	var text strings.Builder
	text.WriteString("== multi-user active\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "== unit u%d.service\n", i)
	}
	text.WriteString("== fragment /x\n== journal\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "Activation script snippet 's%d' failed (1)\n", i)
	}
	s := state{}
	s.read(text.String())
	if len(s.units) != mostUnits || len(s.snippets) != mostSnippets {
		t.Errorf("there are %d units and %d snippets", len(s.units), len(s.snippets))
	}
}

func TestFewOfManyAreNamed(t *testing.T) {
	if got := few([]string{"a", "b"}, 2); got != "a\nb" {
		t.Errorf("got %q", got)
	}
	if got := few([]string{"a", "b", "c"}, 1); got != "a\nand 2 more" {
		t.Errorf("got %q", got)
	}
}
