package action_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/fakehub"
)

// hub is the stand-in for GitHub that a job reports to.
type hub struct {
	*fakehub.Hub
	url string
}

// newHub starts a hub with the workflow's pull request. It checks flakeci's requests against
// GitHub's own description of its API.
func newHub(t *testing.T, w *workflow) *hub {
	t.Helper()
	h := &hub{Hub: fakehub.New("joachim", "fleet")}
	h.Token = token
	h.AddPull(fakehub.Pull{Number: 7, Head: w.head, Base: w.base})
	h.url = fakehub.Start(t, h.Hub)
	return h
}

// sane fails the test if flakeci sent a request without the token.
func (h *hub) sane(t *testing.T) {
	t.Helper()
	for _, r := range h.Requests() {
		if !r.Authorized {
			t.Errorf("%s %s without the token", r.Method, r.Path)
		}
	}
}

// written lists the requests that would change something.
func (h *hub) written() []string {
	var list []string
	for _, r := range h.Requests() {
		if r.Method != http.MethodGet {
			list = append(list, r.Method+" "+r.Path)
		}
	}
	return list
}

// comment returns the only comment on pull request 7.
func (h *hub) comment(t *testing.T, log string) string {
	t.Helper()
	all := h.Comments(7)
	if len(all) != 1 {
		t.Fatalf("comments: %v\n%s", all, log)
	}
	return all[0].Body
}

// check returns the only check run, which must be on the commit.
func (h *hub) check(t *testing.T, sha string) fakehub.CheckRun {
	t.Helper()
	runs := h.CheckRuns()
	if len(runs) != 1 || runs[0].SHA != sha {
		t.Fatalf("check runs: %+v, want one of %s", runs, sha)
	}
	return runs[0]
}

// has fails the test if text lacks one of the words.
func has(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s has no %q:\n%s", what, word, text)
		}
	}
}
