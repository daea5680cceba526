package matrix

import (
	"errors"
	"testing"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, id string
		want        bool
	}{
		{"", "", true},
		{"", "a", false},
		{"nixos/reason", "nixos/reason", true},
		{"nixos/reason", "nixos/reason/home/joachim", false},
		{"reason", "nixos/reason", false},
		{"home/*", "home/joachim@reason", true},
		{"home/*", "home/x86_64-linux/joachim", true},
		{"home/*", "nixos/reason/home/joachim", false},
		{"*reason*", "nixos/reason/home/joachim", true},
		{"*@reason", "home/joachim@reason", true},
		{"*", "", true},
		{"*", "a\nb", true},
		{"nixos/?", "nixos/ü", true},
		{"nixos/?", "nixos/", false},
		{"nixos/web[0-9]", "nixos/web3", true},
		{"nixos/web[!0-9]", "nixos/web3", false},
		{"nixos/web[^0-9]", "nixos/webx", true},
		{"[]]", "]", true},
		{"[!]]", "]", false},
		{"[a-]", "-", true},
		{"[-a]", "-", true},
		{"[a^]", "^", true},
		{"[[]", "[", true},
		{`[\]]`, "]", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"a.b", "axb", false},
		{"a+(b)", "a+(b)", true},
		{"a|b", "a", false},
		{"home/web[1]", "home/web[1]", true}, // an id matches itself
		{"home/web[1]", "home/web1", true},
		{"ü*", "üx", true},
	}
	for _, tt := range tests {
		g, err := ParseGlob(tt.pattern)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		if got := g.Match(tt.id); got != tt.want {
			t.Errorf("%q on %q is %v", tt.pattern, tt.id, got)
		}
		if g.String() != tt.pattern {
			t.Errorf("%q calls itself %q", tt.pattern, g)
		}
	}
}

func TestGlobErrors(t *testing.T) {
	tests := map[string]GlobError{
		"home/[a":  {Offset: 5, Reason: "no closing bracket"},
		"[":        {Offset: 0, Reason: "no closing bracket"},
		"a[]":      {Offset: 1, Reason: "no closing bracket"},
		`a\`:       {Offset: 1, Reason: "nothing after the backslash"},
		"[z-a]":    {Offset: 0, Reason: "a range runs backwards"},
		"a\xff":    {Offset: 0, Reason: "it is not valid text or too long"},
		"x[z-a]ok": {Offset: 0, Reason: "a range runs backwards"},
	}
	for pattern, want := range tests {
		want.Pattern = pattern
		_, err := ParseGlob(pattern)
		var got *GlobError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%q gives %v, want %v", pattern, err, &want)
		}
	}
}

func FuzzGlob(f *testing.F) {
	for _, seed := range []string{"*", "?", "[a-z]", "[!a]", `\`, "[a-b-c]", "[\\-]", "a.b+c", "{}", "[[:alpha:]]"} {
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, pattern, id string) {
		g, err := ParseGlob(pattern)
		var fault *GlobError
		if err != nil {
			if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(pattern) {
				t.Fatalf("error is %#v", err)
			}
			return
		}
		if !g.Match(pattern) {
			t.Errorf("%q does not match itself", pattern)
		}
		g.Match(id)
	})
}

func TestSuggest(t *testing.T) {
	hosts := []string{"Laptop", "attic", "reason", "web1", "web2"}
	tests := map[string]string{
		"resaon":  "reason", // two letters swapped
		"reson":   "reason",
		"REASON":  "reason",
		"laptop":  "Laptop",
		"lap":     "Laptop", // the only one that has it
		"web":     "web1",
		"atik":    "attic",
		"phone":   "",
		"":        "",
		"xyzxyzx": "",
		"e":       "",
	}
	for name, want := range tests {
		if got := Suggest(name, hosts); got != want {
			t.Errorf("for %q: got %q, want %q", name, got, want)
		}
	}
	if got := Suggest("joachim@reason", []string{"home/joachim@reason", "nixos/reason"}); got != "home/joachim@reason" {
		t.Errorf("got %q", got)
	}
}

func TestTypos(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "a", 0}, {"a", "b", 1}, {"ab", "ba", 1}, {"abc", "", 3},
		{"kitten", "sitting", 3}, {"ü", "u", 1}, {"ca", "abc", 3},
	}
	for _, tt := range tests {
		if got := typos(tt.a, tt.b, 99); got != tt.want {
			t.Errorf("%q to %q takes %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := typos(tt.b, tt.a, 99); got != tt.want {
			t.Errorf("%q to %q takes %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestParseKinds(t *testing.T) {
	tests := []struct{ names, want []string }{
		{nil, []string{}},
		{[]string{"vm", "nixos", "nixos"}, []string{"nixos", "vm"}},
		{[]string{"all"}, []string{"nixos", "home", "darwin", "droid", "system", "check", "package", "devshell", "formatter"}},
		{[]string{"vm", "all"}, []string{"nixos", "home", "vm", "darwin", "droid", "system", "check", "package", "devshell", "formatter"}},
	}
	for _, tt := range tests {
		got, err := ParseKinds(tt.names)
		if err != nil || !equal(kindNames(got), tt.want) {
			t.Errorf("%q gives %q, %v", tt.names, got, err)
		}
	}
	_, err := ParseKinds([]string{"nixos", "nixso"})
	var e *UnknownError
	if !errors.As(err, &e) || e.What != "kind" || e.Name != "nixso" || e.Suggestion != "nixos" || len(e.Known) != 11 {
		t.Errorf("error is %#v", err)
	}
}
