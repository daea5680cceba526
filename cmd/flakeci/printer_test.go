package main

import (
	"bytes"
	"testing"
)

// Messages during a live view are printed after it.
func TestHeldMessages(t *testing.T) {
	var out bytes.Buffer
	a := &App{Stderr: &out}
	a.printf("before")
	a.hold(true)
	a.printf("meanwhile")
	if got := out.String(); got != "flakeci: before\n" {
		t.Errorf("printed %q", got)
	}
	a.hold(false)
	if got := out.String(); got != "flakeci: before\nflakeci: meanwhile\n" {
		t.Errorf("printed %q", got)
	}
}
