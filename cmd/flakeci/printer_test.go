package main

import (
	"bytes"
	"testing"
)

// What is said while a live view has the terminal comes behind it.
func TestHeldVoice(t *testing.T) {
	var out bytes.Buffer
	a := &App{Stderr: &out}
	a.printf("before")
	a.hold(true)
	a.printf("meanwhile")
	if got := out.String(); got != "flakeci: before\n" {
		t.Errorf("said %q", got)
	}
	a.hold(false)
	if got := out.String(); got != "flakeci: before\nflakeci: meanwhile\n" {
		t.Errorf("said %q", got)
	}
}
