package flaketree

import (
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestExcerptOfWindowsFile(t *testing.T) {
	tree := Tree{Read: func(string) string { return "a\r\nb\r\nc\r\n" }}
	for line, want := range map[int][]string{1: {"a", "b"}, 2: {"a", "b", "c"}, 3: {"b", "c"}} {
		if e := tree.Excerpt(result.Location{File: "x.nix", Line: line}); e == nil || !slices.Equal(e.Lines, want) {
			t.Errorf("line %d: got %+v, want %q", line, e, want)
		}
	}
}

// What does not exist is named in several ways.
func TestMentions(t *testing.T) {
	const root = "/nix/store/00000000000000000000000000000000-source/"
	const text = "# ./gone.nix\n[ ./gone.nix /* ./sub */\n ./sub ./sub/.\n ../a/sub ../b/sub gone ]\n"
	tree := Tree{
		StorePath: strings.TrimSuffix(root, "/"), Read: func(string) string { return text },
		Files: func() []string { return []string{"a/x.nix"} },
	}
	for file, want := range map[string]string{"a/gone.nix": "a/x.nix:2:5", "a/sub/default.nix": "a/x.nix:3:4 a/x.nix:4:7", "gone.nix": ""} {
		var got []string
		for _, p := range tree.Mentions("path '" + root + file + "' does not exist") {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: found %q, want %s", file, got, want)
		}
	}
}
