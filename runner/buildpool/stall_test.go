package buildpool

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A builder is reported when it has written nothing for a long time, again after twice the time,
// and when it writes again.
func TestStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reported []string
		s := stalls{after: 10 * time.Minute, builders: map[string]*output{}}
		s.report = func(drv string, silent time.Duration) {
			reported = append(reported, fmt.Sprint(drv, " ", silent.Round(time.Minute)))
		}
		go s.watch(t.Context())
		s.wrote("quick")
		s.wrote("quiet")
		time.Sleep(9 * time.Minute)
		s.wrote("quick")
		time.Sleep(2 * time.Minute)
		s.ended("quick")
		time.Sleep(20 * time.Minute)
		s.wrote("quiet")
		time.Sleep(9 * time.Minute)
		s.ended("quiet")
		time.Sleep(time.Hour)
		if want := []string{"quiet 10m0s", "quiet 20m0s", "quiet 0s"}; !slices.Equal(reported, want) {
			t.Errorf("reported %q, want %q", reported, want)
		}
	})
}
