package vmtest

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
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
		{"login inside a line", "checking the login: all is well\n", signNone, false},
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

func TestSerialLogsAllAndShowsTheEnd(t *testing.T) {
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

func TestSerialFailuresAndSnippets(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	feed(t, s, "[\x1b[0;1;31mFAILED\x1b[0m] Failed to mount \x1b[0;1;39m/data\x1b[0m.\r\n"+
		"[\x1b[0;1;33mDEPEND\x1b[0m] Dependency failed for \x1b[0;1;39mLocal File Systems\x1b[0m.\r\n"+
		"[\x1b[0;1;31m TIME \x1b[0m] Timed out waiting for device \x1b[0;1;39m/dev/x\x1b[0m.\r\n"+
		"stage-2-init: cannot make it\nstage-2-init: Activation script snippet 'mine' failed (3)\n", 11)
	want := []string{"Failed to mount /data.", "Dependency failed for Local File Systems.", "Timed out waiting for device /dev/x."}
	if got := s.listFailures(); !slices.Equal(got, want) {
		t.Errorf("failures are %q", got)
	}
	b := s.listSnippets()
	if len(b) != 1 || b[0].name != "mine" || b[0].code != "3" || b[0].before[len(b[0].before)-1] != "stage-2-init: cannot make it" {
		t.Errorf("snippets are %+v", b)
	}
}

func FuzzSerial(f *testing.F) {
	f.Add([]byte("x login: \x1b[\r\n\xff"), 3)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		s := newSerial(&bytes.Buffer{})
		feed(t, s, string(text), max(1, n%64))
		for _, line := range s.tail(100) {
			if strings.ContainsAny(line, "\n\r\x1b") {
				t.Errorf("a line holds %q", line)
			}
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// Reading the console continues without a log, and never fills the memory.
func TestSerialOutlivesItsLog(t *testing.T) {
	s := newSerial(fullDisk{})
	feed(t, s, strings.Repeat("Activation script snippet 'a' failed (1)\n", 100), 1000)
	for i := range 100 {
		feed(t, s, fmt.Sprintf("Activation script snippet 's%d' failed (1)\n", i), 1000)
	}
	if b := s.listSnippets(); len(b) != 20 || b[1].name != "s0" {
		t.Errorf("%d snippets are kept", len(b))
	}
}

// A log that reached its limit ends with a note.
func TestSerialLogIsLimited(t *testing.T) {
	log := &counter{}
	s := newSerial(log)
	s.maxLog = 1 << 20
	for range 50 {
		feed(t, s, strings.Repeat("x", 30_000), 30_000) // without a newline
	}
	if want := s.maxLog + int64(len(serialCut)); log.n != want || s.logSize() != want || !strings.HasSuffix(string(log.last), serialCut) {
		t.Errorf("the log has %d bytes, logSize is %d, want %d", log.n, s.logSize(), want)
	}
}

type counter struct {
	n    int64
	last []byte
}

func (c *counter) Write(p []byte) (int, error) {
	c.n, c.last = c.n+int64(len(p)), slices.Clone(p[max(0, len(p)-len(serialCut)):])
	return len(p), nil
}

// The runner's output does not count as the guest's.
func TestSerialGuestStarts(t *testing.T) {
	s := newSerial(&bytes.Buffer{})
	feed(t, s, "Creating a disk\n", 100)
	s.last = s.last.Add(-time.Hour)
	s.guestStarts()
	if _, printed := s.seen(); printed || s.silence() > time.Minute {
		t.Errorf("the guest has printed: %v, and is silent for %s", printed, s.silence())
	}
}
