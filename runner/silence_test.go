package runner

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A builder is told of when it has written nothing for long, again after twice the
// time, and when it speaks.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s := silence{after: 10 * time.Minute, builders: map[string]*lastWord{}}
		s.report = func(drv string, silent time.Duration) {
			told = append(told, fmt.Sprint(drv, " ", silent.Round(time.Minute)))
		}
		go s.watch(t.Context())
		s.heard("quick")
		s.heard("quiet")
		time.Sleep(9 * time.Minute)
		s.heard("quick")
		time.Sleep(2 * time.Minute)
		s.ended("quick")
		time.Sleep(20 * time.Minute)
		s.heard("quiet")
		time.Sleep(9 * time.Minute)
		s.ended("quiet")
		time.Sleep(time.Hour)
		if want := []string{"quiet 10m0s", "quiet 20m0s", "quiet 0s"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}
