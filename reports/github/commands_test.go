package github

import (
	"fmt"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	notes := []annotation{{
		File: "a,b:c.nix", Line: 3, Column: 7, Level: levelFailure, Title: "it's 100%: no", Message: "one\n::set-output name=x::y",
	}}
	want := "::error file=a%2Cb%3Ac.nix,line=3,col=7,title=it's 100%25%3A no::one%0A::set-output name=x::y\n"
	if got := commands(notes); got != want {
		t.Errorf("got %q", got)
	}
	for i := range 30 {
		notes = append(notes, annotation{File: fmt.Sprint(i), Level: levelNotice})
	}
	if got := strings.Count(commands(notes), "\n"); got != 1+maxCommands {
		t.Errorf("%d commands", got)
	}
}

func FuzzCommands(f *testing.F) {
	f.Add("a.nix", "title", "message")
	f.Fuzz(func(t *testing.T, file, title, message string) {
		got := commands([]annotation{{File: file, Level: levelWarning, Title: title, Message: message}})
		if strings.Count(got, "\n") != 1 || strings.Contains(got, "\r") || !strings.HasPrefix(got, "::warning file=") {
			t.Errorf("got %q", got)
		}
	})
}
