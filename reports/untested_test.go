package reports

import "testing"

func TestNotTested(t *testing.T) {
	for _, tt := range []struct {
		left []NotTested
		want string
	}{
		{nil, ""},
		{[]NotTested{{"darwin", 1, "--kind all"}, {"check", 2, "--kind all"}}, "1 darwin, 2 checks (--kind all)"},
		{[]NotTested{{"nixos", 2, "a"}, {"home", 1, "b"}, {"devshell", 3, "a"}}, "2 nixos, 3 dev shells (a); 1 home (b)"},
		{[]NotTested{{"package", 0, "a"}, {"darwin", 0, "a"}, {"phone", 0, "a"}}, "packages, darwin, phone (a)"},
	} {
		if got := notTested(Report{NotTested: tt.left}); got != tt.want {
			t.Errorf("%v gives %q, not %q", tt.left, got, tt.want)
		}
	}
}
