package view

import "testing"

func TestSeconds(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0.0s", 0.04: "0.0s", 3.14: "3.1s", 9.96: "10s", 41.2: "41s", 59.4: "59s", 59.6: "1m 00s",
		134.2: "2m 14s", 3599.7: "1h 00m", 4215: "1h 10m", 90000: "25h 00m", 1e300: "277777h 46m",
	} {
		if got := FormatSeconds(seconds); got != want {
			t.Errorf("%v s: got %q, want %q", seconds, got, want)
		}
	}
}
