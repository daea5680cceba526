package view

import (
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestPushTexts(t *testing.T) {
	got := PushTexts(result.Report{Pushes: []result.Push{
		{To: "a", Path: "/1", Status: result.Pushed, Paths: 3, Bytes: 2000},
		{To: "a", Status: result.Pushed, Count: 10, Paths: 1, Bytes: 1000},
		{To: "a", Path: "/2", Status: result.PushPresent},
		{To: "b", Path: "/1", Status: result.PushFailed},
		{To: "b", Path: "/2", Status: result.PushSkipped, Message: "the run was interrupted"},
		{To: "c", Status: result.PushSkipped, Message: "this is a pull request of a fork"},
		{To: "d", Path: "/1", Status: result.Pushed, Paths: -1},
	}})
	want := []string{
		"a: 11 outputs pushed (4 paths, 3.0 kB), 1 output there already",
		"b: 1 output failed, 1 output not pushed",
		"c: nothing pushed, this is a pull request of a fork",
		"d: 1 output pushed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
