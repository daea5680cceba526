package push

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
)

// What Nix, cachix and attic say of a push that fails, and the word of the hint that matters.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"opening file '/k': No such file or directory": "nix key generate-secret",
		"key is corrupt": "NAME:KEY",
		"cannot add path '/nix/store/x' because it lacks a valid signature":            "secret-key-files",
		"cannot add path '/nix/store/x' because it lacks a signature by a trusted key": "secret-key-files",
		"unable to upload 'https://h/nar/x': HTTP error 403 ('Forbidden')":             "netrc-file",
		"unable to download 'https://h/nix-cache-info': HTTP error 401":                "netrc-file",
		"AWS error uploading 's3://b/x': Access Denied":                                "AWS_ACCESS_KEY_ID",
		"unable to upload 'http://h/x': HTTP error 405":                                "PUT",
		"'http://h/c' does not appear to be a binary cache":                            "PUT",
		"Neither auth token nor signing key are present.":                              "CACHIX_AUTH_TOKEN",
		"Binary cache c doesn't exist or you don't have access.":                       "CACHIX_AUTH_TOKEN",
		"Error: No servers are available.":                                             "attic login",
		"Error: Unauthorized: Unauthorized.":                                           "token",
		"failed to start SSH connection to 'h'":                                        "ssh reaches",
		"writing to file: No space left on device":                                     "no room",
		"something else": "",
	} {
		w := &worker{target: Target{Name: "to"}, o: Options{Redact: strings.ToUpper}}
		f := w.failure(&programError{errors.New("cachix: exit code 1"), []string{"first", text, "last"}})
		if (want == "") != (f.hint == "") || !strings.Contains(f.hint, want) {
			t.Errorf("%q: hint %q, not %q", text, f.hint, want)
		}
		if want != "" && f.title != strings.ToUpper(text) || !strings.Contains(f.message, "FIRST\n") {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

// Many outputs that fail for different reasons do not fill the report.
func TestFewCauses(t *testing.T) {
	w := newWorker(t.Context(), Target{Name: "to", program: "cachix"}, Options{Client: &nix.Client{}, Redact: strings.ToUpper})
	for i := range 50 {
		w.fail(fmt.Errorf("path %d is bad", i), fmt.Sprint("/", i))
	}
	list := w.warnings(0)
	if len(list) != maxCauses+1 || !strings.Contains(list[maxCauses].Text, "40 outputs not pushed to to: more reasons") {
		t.Errorf("%d warnings: %+v", len(list), list)
	}
	if w.pushes[49].Message != "PATH 49 IS BAD" {
		t.Errorf("the last is %+v", w.pushes[49])
	}
}
