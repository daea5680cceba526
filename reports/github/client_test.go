package github

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

// A response may be endless, even one with an error status.
func TestAnAnswerWithoutEnd(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusForbidden} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			for piece := []byte(`[{"body": "` + strings.Repeat("x", 1<<20)); ; piece = piece[len(piece)-1<<20:] {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}))
		api, err := url.Parse(server.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(Job{API: api, Owner: "o", Repo: "r"})
		_, err = pages(t.Context(), c, func(o github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
			return c.api.Issues.ListComments(t.Context(), "o", "r", 1, &github.IssueListCommentsOptions{ListOptions: o})
		})
		if err == nil || status == http.StatusOK && !strings.Contains(err.Error(), "GitHub's answer has more than 64 MiB") {
			t.Errorf("status %d: error is %v", status, err)
		}
		server.Close()
	}
}
