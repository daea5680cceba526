package vmtest

import "testing"

// The services of home-manager's NixOS module are oneshot. That of 25.05 does not stay
// active, unlike those before and after it.
func TestServiceStatus(t *testing.T) {
	const exited = "ExecMainStatus=0\nExecMainExitTimestampMonotonic=10452345\n"
	const never = "ExecMainStatus=0\nExecMainExitTimestampMonotonic=0\n"
	for _, c := range []struct {
		name, text string
		activated  bool
	}{
		{"stays", "Result=success\n" + exited + "LoadState=loaded\nActiveState=active\n", true},
		{"goes", "Result=success\n" + exited + "LoadState=loaded\nActiveState=inactive\n", true},
		{"never started", "Result=success\n" + never + "LoadState=loaded\nActiveState=inactive\n", false},
		{"failed", "Result=exit-code\n" + exited + "LoadState=loaded\nActiveState=failed\n", false},
		{"failed, then reset", "Result=exit-code\n" + exited + "LoadState=loaded\nActiveState=inactive\n", false},
		{"still busy", "Result=success\n" + never + "LoadState=loaded\nActiveState=activating\n", false},
		{"masked", "Result=success\n" + never + "LoadState=masked\nActiveState=inactive\n", false},
		{"not found", "Result=success\n" + never + "LoadState=not-found\nActiveState=inactive\n", false},
		{"nothing", "", false},
	} {
		if got := parseServiceStatus(c.text); got.activated() != c.activated {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
