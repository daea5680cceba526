package main

import (
	"testing"
	"time"
)

func TestLimited(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: time.Minute, time.Hour: time.Minute, time.Second: time.Second} {
		if got := limited(time.Minute, timeout); got != want {
			t.Errorf("--timeout %s: %s", timeout, got)
		}
	}
}
