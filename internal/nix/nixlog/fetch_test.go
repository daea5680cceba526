package nixlog

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
)

const (
	downloading = `@nix {"action":"start","fields":["http://h/x"],"id":1,"level":4,"text":"downloading 'http://h/x'","type":101}`
	cloningOld  = `@nix {"action":"start","id":1,"level":4,"text":"fetching Git repository 'ssh://git@h/x'","type":0}`
	cloning     = `@nix {"action":"start","id":1,"level":4,"text":"fetching Git repository 'http://h/g'","type":112}`
	hg          = `@nix {"action":"start","id":1,"level":4,"text":"fetching Mercurial repository 'http://h/x'","type":0}`
)

// What the flake fetches is to blame on the machine and the network, in the words of every
// version, unless a server has answered that there is no such thing.
func TestFetches(t *testing.T) {
	type want struct {
		url, reason string
		transient   bool
	}
	tests := []struct {
		log, err string
		want     want
	}{
		{downloading, "unable to download 'http://h/x': HTTP error 503 ('Service Unavailable')", want{"http://h/x", "HTTP error 503 ('Service Unavailable')", true}},
		{downloading, "Failed to open archive (Source threw exception: error: unable to download 'http://h/x': HTTP error 429)", want{"http://h/x", "HTTP error 429", true}},
		{downloading, "unable to download 'http://h/x': Failure when receiving data from the peer (56)", want{"http://h/x", "Failure when receiving data from the peer (56)", true}},
		{downloading, "unable to download 'http://h/x': HTTP error 200 (curl error: Transferred a partial file)", want{"http://h/x", "HTTP error 200 (curl error: Transferred a partial file)", true}},
		{downloading, "unable to download 'http://h/x': SSL connect error (35) GnuTLS, handshake failed", want{"http://h/x", "SSL connect error (35) GnuTLS, handshake failed", true}},
		{downloading, "unable to download 'http://h/x': Couldn't resolve host name (6)", want{"http://h/x", "Couldn't resolve host name (6)", true}},
		{downloading, "unable to download 'http://h/x': SSL peer certificate or SSH remote key was not OK (60)", want{"http://h/x", "SSL peer certificate or SSH remote key was not OK (60)", false}},
		{downloading, "unable to download 'http://h/x': HTTP error 401", want{"http://h/x", "HTTP error 401", false}},
		{downloading, "unable to download 'http://h/x': HTTP error 403\n\nresponse body:\n\n{\"message\":\"API rate limit exceeded\"}", want{"http://h/x", "HTTP error 403", false}},
		{cloning + "\nremote: in trouble\nfatal: unable to access 'http://u:p@h/g/': The requested URL returned error: 503", "Failed to fetch git repository 'http://h/g'", want{"http://h/g", "The requested URL returned error: 503", true}},
		{"fatal: of another\n" + cloning + "\nfatal: unable to access 'http://h/g/': Could not resolve host: h", "program 'git' failed with exit code 128", want{"http://h/g", "Could not resolve host: h", true}},
		{cloningOld + "\nssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.", "program 'git' failed with exit code 128", want{"ssh://h/x", "connect to host h port 22: Connection refused", true}},
		{cloningOld + "\nssh: connect to host h port 22: No route to host", "program 'git' failed with exit code 128", want{"ssh://h/x", "connect to host h port 22: No route to host", true}},
		{cloningOld + "\nHost key verification failed.\nfatal: Could not read from remote repository.", "program 'git' failed with exit code 128", want{"ssh://h/x", "Host key verification failed.", false}},
		{cloningOld + "\ngit@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", "program 'git' failed with exit code 128", want{"ssh://h/x", "Permission denied (publickey).", false}},
		{cloning + "\nerror: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL\nfatal: early EOF", "Failed to fetch git repository 'http://h/g'", want{"http://h/g", "RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL", true}},
		{hg + "\n\x1b[31;1merror:\x1b[0m executing 'hg': No such file or directory", "hg failed with exit code 1", want{"http://h/x", "executing 'hg': No such file or directory", false}},
		// The server has answered.
		{downloading, "unable to download 'http://h/x': HTTP error 404 ('Not Found')", want{reason: "refused: HTTP error 404 ('Not Found')"}},
		{downloading, "unable to download 'http://h/x': HTTP error 403 ('Forbidden')", want{reason: "refused: HTTP error 403 ('Forbidden')"}},
		{downloading, "hash mismatch in file downloaded from 'http://h/x':\n  specified: 0\n  got: 1", want{}},
		{cloning + "\nfatal: repository 'http://h/g/' not found", "Failed to fetch git repository 'http://h/g'", want{reason: "refused: repository 'http://h/g/' not found"}},
		{cloning + "\nremote: Repository not found.", "Failed to fetch git repository 'http://h/g'", want{reason: "refused: Repository not found."}},
		{cloning + "\nfatal: couldn't find remote ref refs/heads/x", "program 'git' failed with exit code 128", want{reason: "refused: couldn't find remote ref refs/heads/x"}},
		{cloning + "\nfatal: unable to access 'http://h/g/': The requested URL returned error: 403", "program 'git' failed with exit code 128", want{reason: "refused: The requested URL returned error: 403"}},
		// The flake says so itself.
		{"", "unable to download 'http://h/x': HTTP error 503", want{}},
		{downloading, "unable to download 'http://h/y': HTTP error 503", want{}},
		{"fatal: unable to access 'http://h/g/': The requested URL returned error: 503", "program 'git' failed with exit code 128", want{}},
	}
	for _, tt := range tests {
		var log ErrorLog
		for line := range strings.SplitSeq(tt.log, "\n") {
			log.Line([]byte(line))
		}
		log.Line(errorRecord(tt.err))
		e := log.EvalError(flaketree.Tree{}, "")
		var got want
		if e.Fetch != nil && e.Fetch.Refused {
			got = want{reason: "refused: " + e.Fetch.Reason, transient: e.Transient()}
		} else if e.Fetch != nil {
			got = want{e.Fetch.URL, e.Fetch.Reason, e.Transient()}
		}
		if got != tt.want || strings.Contains(e.Message, "u:p@") {
			t.Errorf("%s\n%s:\ngot  %+v\nwant %+v\n%s", tt.log, tt.err, got, tt.want, e.Message)
		}
	}
}

// An input that git cannot fetch is tried again if git says why, as Nix does not.
func TestInputsThatGitCannotFetch(t *testing.T) {
	const locking = `,"trace":[{"raw_msg":"while fetching the input 'git+http://h/g'"},{"raw_msg":"while updating the flake input 'x'"},{"raw_msg":"while updating the lock file of flake 'y'"}]}`
	for said, transient := range map[string]bool{
		"fatal: unable to access 'http://h/g/': The requested URL returned error: 503": true,
		"fatal: unable to access 'http://h/g/': The requested URL returned error: 403": false,
		"fatal: repository 'http://h/g/' not found":                                    false,
	} {
		var log ErrorLog
		for _, line := range []string{cloning, said, strings.TrimSuffix(string(errorRecord("program 'git' failed with exit code 128")), "}") + locking} {
			log.Line([]byte(line))
		}
		e := log.EvalError(flaketree.Tree{}, "")
		if e.Input == nil || e.Input.Name != "x" || e.Fetch != nil || e.Transient() != transient || !strings.Contains(e.Message, said) {
			t.Errorf("%s: %+v, transient: %v", said, e, e.Transient())
		}
	}
}
