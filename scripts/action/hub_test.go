package action_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// hub is as much of GitHub as a job needs to show a report there: it takes what is
// created and changed, and lists it again.
type hub struct {
	url string
	// readOnly is a token as the jobs of a fork's pull request get it.
	readOnly bool

	mu                             sync.Mutex
	comments, checks, issues       []map[string]any
	pulls                          []map[string]any
	withoutToken, refused, unknown []string // requests
}

const repo = "/repos/joachim/fleet"

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{}
	mux := http.NewServeMux()
	list := func(w http.ResponseWriter, r *http.Request, all any) { answer(w, http.StatusOK, all) }
	mux.HandleFunc("GET "+repo+"/issues/{number}/comments", func(w http.ResponseWriter, r *http.Request) {
		list(w, r, of(h.comments, "number", r.PathValue("number")))
	})
	mux.HandleFunc("POST "+repo+"/issues/{number}/comments", func(w http.ResponseWriter, r *http.Request) {
		h.create(w, r, &h.comments, "number", r.PathValue("number"))
	})
	mux.HandleFunc("PATCH "+repo+"/issues/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		h.change(w, r, h.comments, r.PathValue("id"))
	})
	mux.HandleFunc("GET "+repo+"/commits/{sha}/check-runs", func(w http.ResponseWriter, r *http.Request) {
		there := of(h.checks, "head_sha", r.PathValue("sha"))
		answer(w, http.StatusOK, map[string]any{"total_count": len(there), "check_runs": there})
	})
	mux.HandleFunc("POST "+repo+"/check-runs", func(w http.ResponseWriter, r *http.Request) { h.create(w, r, &h.checks, "", "") })
	mux.HandleFunc("PATCH "+repo+"/check-runs/{id}", func(w http.ResponseWriter, r *http.Request) {
		h.change(w, r, h.checks, r.PathValue("id"))
	})
	mux.HandleFunc("GET "+repo+"/issues", func(w http.ResponseWriter, r *http.Request) { list(w, r, of(h.issues, "", "")) })
	mux.HandleFunc("POST "+repo+"/issues", func(w http.ResponseWriter, r *http.Request) { h.create(w, r, &h.issues, "state", "open") })
	mux.HandleFunc("GET "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		list(w, r, of(h.pulls, "label", r.URL.Query().Get("head")))
	})
	// The token of a job may not ask whose it is.
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) { forbid(w) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.unknown = append(h.unknown, r.Method+" "+r.URL.Path)
		answer(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
	})
	server := httptest.NewServer(h.guarded(mux))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// guarded lets one request in at a time, with the token, and with a token that may
// only read no change.
func (h *hub) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		request := r.Method + " " + r.URL.Path
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			h.withoutToken = append(h.withoutToken, request)
			answer(w, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
		case h.readOnly && r.Method != http.MethodGet:
			h.refused = append(h.refused, request)
			forbid(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func forbid(w http.ResponseWriter) {
	answer(w, http.StatusForbidden, map[string]any{"message": "Resource not accessible by integration"})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// of are those with a value, or all.
func of(all []map[string]any, key, value string) []map[string]any {
	some := []map[string]any{}
	for _, one := range all {
		if key == "" || one[key] == value {
			some = append(some, one)
		}
	}
	return some
}

func (h *hub) create(w http.ResponseWriter, r *http.Request, all *[]map[string]any, key, value string) {
	one := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
		return
	}
	one["id"] = len(*all) + 1
	one["user"] = map[string]any{"login": "github-actions[bot]", "type": "Bot"}
	if key != "" {
		one[key] = value
	}
	*all = append(*all, one)
	shown := maps.Clone(one)
	if key == "number" || key == "state" { // text in the address, a number in the answer
		shown["number"] = len(*all)
	}
	answer(w, http.StatusCreated, shown)
}

func (h *hub) change(w http.ResponseWriter, r *http.Request, all []map[string]any, id string) {
	for _, one := range all {
		if fmt.Sprint(one["id"]) == id {
			if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
				answer(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
				return
			}
			answer(w, http.StatusOK, map[string]any{"id": one["id"]})
			return
		}
	}
	answer(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
}

// sane fails the test if flakeci asked for what GitHub is not asked for, or as nobody.
func (h *hub) sane(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.unknown)+len(h.withoutToken) > 0 {
		t.Errorf("unknown requests %q, without the token %q", h.unknown, h.withoutToken)
	}
}

// has fails the test if a text lacks one of the words.
func has(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s has no %q:\n%s", what, word, text)
		}
	}
}
