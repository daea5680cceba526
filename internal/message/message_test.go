package message

import (
	"bytes"
	"strings"
	"testing"
)

func keep(text string) string { return text }

// Messages during a live view are printed after it.
func TestHeldMessages(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, keep)
	p.Printf("before")
	p.Hold(true)
	p.Printf("meanwhile")
	p.Raw("a frame\n")
	if got := out.String(); got != "flakeci: before\na frame\n" {
		t.Errorf("printed %q", got)
	}
	p.Hold(false)
	if got := out.String(); got != "flakeci: before\na frame\nflakeci: meanwhile\n" {
		t.Errorf("printed %q", got)
	}
}

// A name with a line of its own cannot give GitHub's runner a command, and no credential is
// printed.
func TestMessagesAreClean(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, strings.NewReplacer("token", "***").Replace)
	p.Error("no host x\n::add-mask::y\x1b[2J", "give token")
	p.Raw("token\n")
	if got, want := out.String(), "flakeci: error: no host x\n: :add-mask::y\nflakeci: hint: give ***\n***\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
