package runner

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A builder is reported when it has written nothing for long, again after twice the
// time, and when it speaks.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reported []string
		s := silence{after: 10 * time.Minute, builders: map[string]*lastWord{}}
		s.report = func(drv string, silent time.Duration) {
			reported = append(reported, fmt.Sprint(drv, " ", silent.Round(time.Minute)))
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
		if want := []string{"quiet 10m0s", "quiet 20m0s", "quiet 0s"}; !slices.Equal(reported, want) {
			t.Errorf("reported %q, want %q", reported, want)
		}
	})
}
