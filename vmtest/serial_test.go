package vmtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// feed writes a console's output in pieces of n bytes.
func feed(t testing.TB, s *serial, text string, n int) {
	t.Helper()
	for rest := []byte(text); len(rest) > 0; {
		k := min(n, len(rest))
		if _, err := s.Write(rest[:k]); err != nil {
			t.Fatal(err)
		}
		rest = rest[k:]
	}
}

func TestSerialSigns(t *testing.T) {
	for _, c := range []struct {
		name, text string
		first      sign
		up         bool
	}{
		{"panic", "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n", signPanic, false},
		{"emergency", "\x1b[0;1;39mYou are in emergency mode. After logging in, type\n", signEmergency, false},
		{"locked root", "Cannot open access to console, the root account is locked.\n", signEmergency, false},
		{"stage 1", "An error occurred in stage 1 of the boot process, which must mount the\n", signEmergency, false},
		{"prompt", "\r\nreason login: ", signNone, true},
		{"target", "[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mMulti-User System\x1b[0m.\r\n", signNone, true},
		{"target with its name", "[  OK  ] Reached target multi-user.target - Multi-User System.\n", signNone, true},
		{"somebody talks of a login:", "checking the login: all is well\n", signNone, false},
		{"nothing", "booting\n", signNone, false},
	} {
		for _, n := range []int{1, 7, 1 << 20} {
			s := newSerial(&bytes.Buffer{})
			feed(t, s, c.text, n)
			first := signNone
			select {
			case first = <-s.first:
			default:
			}
			up, _ := s.seen()
			if first != c.first || up != c.up {
				t.Errorf("%s in pieces of %d: sign %d, up %v", c.name, n, first, up)
			}
		}
	}
}

func TestSerialKeepsAllButShowsTheEnd(t *testing.T) {
	var log bytes.Buffer
	s := newSerial(&log)
	text := strings.Repeat("a line\r\n", 3*serialLines) + "\x1b[2Jlast\nhalf"
	feed(t, s, text, 100)
	if log.String() != text {
		t.Errorf("the log has %d of %d bytes", log.Len(), len(text))
	}
	if got := s.tail(2); !slices.Equal(got, []string{"last", "half"}) {
		t.Errorf("the end is %q", got)
	}
	if n := len(s.tail(1 << 20)); n > 2*serialLines+1 {
		t.Errorf("%d lines are kept", n)
	}
}

func TestSerialAround(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	feed(t, s, "one\ntwo: panic\nthree\nfour\nfive\n", 9)
	if got := s.around("panic", 1, 2); !slices.Equal(got, []string{"one", "two: panic", "three", "four"}) {
		t.Errorf("got %q", got)
	}
	if got := s.around("nowhere", 0, 1); !slices.Equal(got, []string{"four", "five"}) {
		t.Errorf("without the text: %q", got)
	}
}

func TestSerialTroublesAndSnippets(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	feed(t, s, "[\x1b[0;1;31mFAILED\x1b[0m] Failed to mount \x1b[0;1;39m/data\x1b[0m.\r\n"+
		"[\x1b[0;1;33mDEPEND\x1b[0m] Dependency failed for \x1b[0;1;39mLocal File Systems\x1b[0m.\r\n"+
		"[\x1b[0;1;31m TIME \x1b[0m] Timed out waiting for device \x1b[0;1;39m/dev/x\x1b[0m.\r\n"+
		"stage-2-init: cannot make it\nstage-2-init: Activation script snippet 'mine' failed (3)\n", 11)
	want := []string{"Failed to mount /data.", "Dependency failed for Local File Systems.", "Timed out waiting for device /dev/x."}
	if got := s.troubles(); !slices.Equal(got, want) {
		t.Errorf("troubles are %q", got)
	}
	b := s.snippets()
	if len(b) != 1 || b[0].name != "mine" || b[0].code != "3" || b[0].before[len(b[0].before)-1] != "stage-2-init: cannot make it" {
		t.Errorf("snippets are %+v", b)
	}
}

// A guest may print for as long as it runs, and say the same again.
func TestSerialIsBounded(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	for i := range 10 * mostSnippets {
		feed(t, s, fmt.Sprintf("Activation script snippet 'x%d' failed (1)\n", i), 100)
	}
	if n := len(s.snippets()); n != mostSnippets {
		t.Errorf("%d snippets are kept", n)
	}
}

type fullDisk struct{ n int }

func (d *fullDisk) Write([]byte) (int, error) {
	d.n++
	return 0, errors.New("no space left on device")
}

// A disk of this machine that is full is not the guest's silence.
func TestSerialGoesOnWithoutItsLog(t *testing.T) {
	log := &fullDisk{}
	s := newSerial(log)
	feed(t, s, "one\ntwo\nreason login: ", 4)
	if up, _ := s.seen(); !up {
		t.Error("the console is not looked at any more")
	}
	if log.n != 1 {
		t.Errorf("the log was tried %d times: a hole in it would mislead", log.n)
	}
}

func TestPanicIsNamedOnce(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	feed(t, s, "Kernel panic - not syncing: no init\n---[ end Kernel panic - not syncing: no init ]---\n", 100)
	f := (&watcher{machine: &machine{serial: s}}).panicked()
	if f.Title != "the kernel panicked: no init" {
		t.Errorf("the title is %q", f.Title)
	}
}

func FuzzSerial(f *testing.F) {
	f.Add([]byte("x login: \x1b[\r\n\xff"), 3)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		s := newSerial(&bytes.Buffer{})
		feed(t, s, string(text), max(1, n%64))
		for _, line := range s.tail(100) {
			if strings.ContainsAny(line, "\n\r\x1b") {
				t.Errorf("a line to show holds %q", line)
			}
		}
	})
}
