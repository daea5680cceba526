package console

import (
	"io"
	"strings"
	"testing"
)

// What was typed before Ctrl-C still reaches the guest.
func TestCtrlCLeaves(t *testing.T) {
	left := 0
	r := &ctrlCReader{from: strings.NewReader("ls\r\x03rm"), leave: func() { left++ }}
	typed, err := io.ReadAll(r)
	if string(typed) != "ls\r" || err != nil || left != 1 {
		t.Errorf("typed %q, %v, left %d times", typed, err, left)
	}
}

// A script may pipe bytes to the guest: Ctrl-C among them is for the guest.
func TestInputThatIsNoTerminal(t *testing.T) {
	c, restore := Lend(strings.NewReader("a\x03b"), io.Discard, func() { t.Error("it left") })
	defer restore()
	if got, err := io.ReadAll(c.In); string(got) != "a\x03b" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
