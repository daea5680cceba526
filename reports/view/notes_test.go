package view

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestNotTested(t *testing.T) {
	for _, tt := range []struct {
		left []result.NotTested
		want string
	}{
		{nil, ""},
		{[]result.NotTested{{Kind: "darwin", Count: 1, Why: "--kind all"}, {Kind: "check", Count: 2, Why: "--kind all"}}, "1 darwin, 2 checks (--kind all)"},
		{[]result.NotTested{{Kind: "nixos", Count: 2, Why: "a"}, {Kind: "home", Count: 1, Why: "b"}, {Kind: "devshell", Count: 3, Why: "a"}}, "2 nixos, 3 dev shells (a); 1 home (b)"},
		{[]result.NotTested{{Kind: "package", Count: 0, Why: "a"}, {Kind: "darwin", Count: 0, Why: "a"}, {Kind: "phone", Count: 0, Why: "a"}}, "packages, darwin, phone (a)"},
	} {
		if got := NotTestedText(result.Report{NotTested: tt.left}); got != tt.want {
			t.Errorf("%v gives %q, not %q", tt.left, got, tt.want)
		}
	}
}
