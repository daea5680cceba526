package result

import (
	"fmt"
	"testing"
)

// A report lists some outputs for each target and status, the failed ones first, and counts the
// rest, also after it was merged with others.
func TestShortenPushes(t *testing.T) {
	var list []Push
	for i := range 250 {
		list = append(list, Push{To: "b", Path: fmt.Sprintf("/p%03d", i), Status: Pushed, Paths: 2, Bytes: 10})
	}
	list = append(list, Push{To: "b", Path: "/x", Status: PushFailed, Message: "no"}, Push{To: "a", Status: PushSkipped, Message: "fork"})
	short := ShortenPushes(list)
	if n := len(short); n != maxPushes+3 {
		t.Fatalf("%d entries", n)
	}
	if short[0].To != "a" || short[1].Status != PushFailed || short[2].Path != "/p000" {
		t.Errorf("the first are %+v", short[:3])
	}
	if last := short[len(short)-1]; last != (Push{To: "b", Status: Pushed, Count: 150, Paths: 300, Bytes: 1500}) {
		t.Errorf("the last is %+v", last)
	}
	twice := ShortenPushes(append(short, short...))
	if last := twice[len(twice)-1]; len(twice) != maxPushes+5 || last.Count != 400 || last.Paths != 800 {
		t.Errorf("%d entries, the last is %+v", len(twice), last)
	}
	if again := ShortenPushes(twice); len(again) != len(twice) {
		t.Errorf("shortened again to %d", len(again))
	}
	if got := ShortenPushes(nil); got != nil {
		t.Errorf("nothing is %+v", got)
	}
}
