package push

import (
	"errors"
	"strings"
	"testing"
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
		l := &lane{target: Target{Name: "to"}, o: Options{Redact: strings.ToUpper}}
		f := l.failure(&programError{errors.New("cachix: exit code 1"), []string{"first", text, "last"}})
		if (want == "") != (f.hint == "") || !strings.Contains(f.hint, want) {
			t.Errorf("%q: hint %q, not %q", text, f.hint, want)
		}
		if want != "" && f.title != strings.ToUpper(text) || !strings.Contains(f.message, "FIRST\n") {
			t.Errorf("%q: %+v", text, f)
		}
	}
}
